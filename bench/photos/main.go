//go:build linux

// Command photos measures how fast photographs of twelve megapixels become embeddings of the faces in them, and the most memory that
// takes, by running siam embed --faces as a user would:
//
//	go run ./bench/photos -model faces.safetensors -faces FOLDER [-photos 48] [-results FILE]
//
// The model is one imported with a detector; the folder has photographs with faces, which are laid on large pictures.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/siam-go/siam/bench"
	"github.com/siam-go/siam/dataset"
)

func main() {
	var b run
	flag.StringVar(&b.model, "model", "", "model with a face detector")
	flag.StringVar(&b.faces, "faces", "", "folder of photographs with faces")
	flag.IntVar(&b.photos, "photos", 48, "large photographs of each kind")
	results := flag.String("results", "docs/results.md", "file whose table to rewrite; empty for none")
	flag.Parse()
	text, err := b.all()
	fmt.Print(text)
	if err == nil && *results != "" {
		err = bench.Rewrite(*results, "bench-photos", text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "photos:", err)
		os.Exit(1)
	}
}

// run is one call of the command.
type run struct {
	model, faces string
	photos       int
	siam         string // the program
}

// warmUp is how many photographs are embedded before the clock counts.
const warmUp = 8

// all measures every kind of photograph and makes the table.
func (b *run) all() (text string, err error) {
	if b.model == "" || b.faces == "" || b.photos <= warmUp {
		return "", fmt.Errorf("want -model and -faces, and more than %d photographs", warmUp)
	}
	folder, err := dataset.OpenFolder(b.faces)
	if err != nil {
		return "", err
	}
	list, err := folder.List()
	if err != nil {
		return "", err
	}
	room, err := os.MkdirTemp("", "siam-photos")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(room)) }()
	b.siam = filepath.Join(room, "siam")
	if out, err := exec.Command("go", "build", "-o", b.siam, "./cmd/siam").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build siam: %w: %s", err, out)
	}
	var table strings.Builder
	table.WriteString("| `siam embed --faces` | photographs a second, warm | processor time each | peak memory | faces found |\n|---|---|---|---|---|\n")
	for _, k := range kinds(b.photos) {
		files, err := k.make(filepath.Join(room, k.name), folder, list)
		if err != nil {
			return "", fmt.Errorf("make photographs of %s: %w", k.name, err)
		}
		few, err := b.embed(files[:warmUp])
		if err != nil {
			return "", err
		}
		all, err := b.embed(files)
		if err != nil {
			return "", err
		}
		n := float64(len(files) - warmUp)
		fmt.Fprintf(&table, "| %d %s | %.1f | %.3f s | %d MiB | %d |\n", len(files), k.name, n/(all.clock-few.clock), (all.processor-few.processor)/n, all.peak>>20, all.faces)
	}
	fmt.Fprintf(&table, "\nThe first %d photographs are not counted in times. %s, load %s, commit %s.\n", warmUp, bench.Processor(), bench.Load(), bench.Commit())
	return table.String(), nil
}
