// Command tracking measures trackers on sequences of MOTChallenge with two detectors' boxes: every tracker of package track with one setting for all,
// what appearance and motion are worth, settings that are best on the other sequences, tracking of the whole video at once, and dropped frames.
//
//	go run ./bench/tracking -mot15 FOLDER -sort FOLDER [-model reid_0288.safetensors] [-crops FOLDER] [-pairs FOLDER,…] [-results docs/results.md]
//
// What a detector's scores mean is learned on the other sequences, never on the one that is judged.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/siam-go/siam/bench"
)

// settings are the command's flags.
type settings struct {
	mot15, sort, model, crops, pairs, results string
	rounds                                    int
}

func main() {
	var s settings
	flag.StringVar(&s.mot15, "mot15", "data/mot15_sequences/mot15_sequences", "folder of sequences with images, truth and public detections")
	flag.StringVar(&s.sort, "sort", "data/sort_detections/sort_detections", "folder of the second detector's boxes")
	flag.StringVar(&s.model, "model", "", "model to compare the boxes' pictures with; empty for motion alone")
	flag.StringVar(&s.crops, "crops", "", "folder with a model of siam train reid-crops for each sequence, NAME.safetensors, that has not learned from it; empty for none")
	flag.StringVar(&s.pairs, "pairs", "", "folders, with commas between, with a model of siam train reid-siamese for each sequence, NAME.safetensors, that has not learned from it; empty for none")
	flag.StringVar(&s.results, "results", "", "file whose table to rewrite; empty for none")
	flag.IntVar(&s.rounds, "rounds", 200, "settings to try on the other sequences")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "tracking:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	var videos []video
	for _, d := range []struct{ name, folder string }{{"public", s.mot15}, {"Faster R-CNN", s.sort}} {
		more, err := readVideos(s.mot15, d.name, d.folder)
		if err != nil {
			return err
		}
		videos = append(videos, more...)
	}
	var kinds []looks
	if s.model != "" {
		kinds = append(kinds, looks{name: "looks", model: func(video) string { return s.model }})
	}
	if s.crops != "" {
		kinds = append(kinds, looks{name: "looks by our encoder", model: func(v video) string { return filepath.Join(s.crops, v.name+".safetensors") }})
	}
	for i := range kinds {
		var err error
		if kinds[i].videos, err = kinds[i].look(ctx, s, videos); err != nil {
			return err
		}
	}
	networks, closeAll, err := openNetworks(s, videos)
	if err != nil {
		return err
	}
	defer closeAll()
	var b strings.Builder
	if err := compared(ctx, &b, s, videos, kinds, networks); err != nil {
		return err
	}
	if err := ablation(&b, videos, kinds); err != nil {
		return err
	}
	if err := dropped(&b, videos); err != nil {
		return err
	}
	if err := pairs(ctx, &b, s, videos, networks); err != nil {
		return err
	}
	fmt.Print(b.String())
	if s.results == "" {
		return nil
	}
	return bench.Rewrite(s.results, "bench-tracking", b.String())
}
