// Command gallery measures what a calibrated gallery promises: error rates on people never seen, what several photographs, several
// frames and the quality gate buy, and what should stand for an id.
//
//	go run ./bench/gallery -lfw250 FOLDER -lfwcrop FOLDER -model f0095.safetensors [-cache FOLDER] [-results docs/results.md]
//
// LFW's photographs and crops are embedded once and kept in the cache.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/siam-go/siam"
)

// settings are the command's flags.
type settings struct {
	lfw250, lfwcrop, model, cache, results, curve string
	splits                                        int
	seed                                          uint64
	embedOnly, sweep                              bool
}

func main() {
	var s settings
	flag.StringVar(&s.lfw250, "lfw250", "data/lfw250/lfw250", "folder with a folder of photographs of each person")
	flag.StringVar(&s.lfwcrop, "lfwcrop", "data/lfwcrop/lfwcrop/faces", "folder of LFWcrop's faces")
	flag.StringVar(&s.model, "model", "f0095.safetensors", "face_embed_0095, imported with a detector as docs/results.md says")
	flag.StringVar(&s.cache, "cache", filepath.Join(os.TempDir(), "siam-bench-gallery"), "folder of embeddings made before")
	flag.StringVar(&s.results, "results", "", "file whose table to rewrite; empty for none")
	flag.StringVar(&s.curve, "curve", "", "SVG file to draw the error-versus-reject curve to; empty for none")
	flag.IntVar(&s.splits, "splits", 20, "random splits")
	flag.Uint64Var(&s.seed, "seed", 1, "seed of everything random")
	flag.BoolVar(&s.embedOnly, "embed", false, "embed and keep, nothing else")
	flag.BoolVar(&s.sweep, "sweep", false, "measure promises in galleries of other sizes, with several photographs of each id, and nothing else")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(1)
	}
}

// mostCrops is how many of LFWcrop's faces of a person are embedded.
const mostCrops = 12

// material is everything that was embedded.
type material struct {
	photos, worse, crops []seen
}

func embedAll(ctx context.Context, s settings) (m material, err error) {
	model, err := siam.Open(s.model)
	if err != nil {
		return m, err
	}
	defer model.Close()
	files, err := photographs(s.lfw250)
	if err != nil {
		return m, err
	}
	m.photos, err = cached(filepath.Join(s.cache, "lfw250.gob"), func() ([]seen, error) { return embedPhotographs(ctx, model, files, "") })
	if err != nil {
		return m, err
	}
	m.crops, err = cached(filepath.Join(s.cache, fmt.Sprintf("lfwcrop%d.gob", mostCrops)), func() ([]seen, error) {
		crops, err := filepath.Glob(filepath.Join(s.lfwcrop, "*.jpg"))
		if err != nil {
			return nil, err
		}
		return embedCrops(ctx, model, crops, mostCrops)
	})
	if err != nil {
		return m, err
	}
	for _, way := range ways {
		rows, err := cached(filepath.Join(s.cache, way+".gob"), func() ([]seen, error) {
			return embedPhotographs(ctx, model, lastPhotographs(files), way)
		})
		if err != nil {
			return m, err
		}
		m.worse = append(m.worse, rows...)
	}
	return m, nil
}

// lastPhotographs are one photograph, the last, of each person who has two or more.
func lastPhotographs(files []string) []string {
	var last []string
	for i, file := range files {
		if i > 0 && personOf(files[i-1]) == personOf(file) && (i+1 == len(files) || personOf(files[i+1]) != personOf(file)) {
			last = append(last, file)
		}
	}
	return last
}
