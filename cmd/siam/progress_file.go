package main

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/atomicfile"
	"github.com/siam-go/siam/recipe"
	"github.com/siam-go/siam/report"
)

const (
	progressEvery  = 2 * time.Second // how often the file of progress is written
	progressPoints = 200             // of its curve of the loss
)

// progressFile tells other programs how far a training is. It lies beside the checkpoint, and goes with it.
type progressFile struct {
	path string
	api.Training
	steps, losses []float64
	written       time.Time
}

func newProgressFile(r recipe.Recipe, f trainFlags) *progressFile {
	return &progressFile{path: f.out + api.ProgressSuffix, Training: api.Training{
		Model: filepath.Base(f.out), Recipe: r.Name, Data: filepath.Base(f.data), State: "running", Steps: r.Settings.Steps, Measure: string(r.Settings.Data.Words().Measure),
		Started: time.Now().UTC().Truncate(time.Second), Loss: [][2]float64{}, Validation: [][2]float64{},
	}}
}

// step takes in a step. That the file cannot be written ends no training.
func (p *progressFile) step(s recipe.Progress) {
	if p.First == 0 {
		p.First = s.Step
	}
	p.Step = s.Step
	if !math.IsNaN(s.Loss) && !math.IsInf(s.Loss, 0) { // which JSON cannot say
		p.steps, p.losses = append(p.steps, float64(s.Step)), append(p.losses, s.Loss)
	}
	if s.Validation != nil {
		p.Validation = append(p.Validation, [2]float64{float64(s.Step), *s.Validation})
	}
	if s.Note != "" {
		p.Note = s.Note
	}
	if len(s.Examples) > 0 {
		p.Examples = drawnExamples(s.Examples)
	}
	if len(s.Masks) > 0 {
		p.Masks = drawnMasks(s.Masks)
	}
	if s.Validation != nil || time.Since(p.written) > progressEvery {
		_ = p.write()
	}
}

// exampleSide and maskedSide are the longest sides of pictures of examples and masks, pixels: with all of them the file stays far below a megabyte.
const exampleSide, maskedSide = 64, 128

// dataURI is a picture as a small file.
func dataURI(m image.Image, most int) string {
	uri, _ := report.DataURI(m, most) // into memory
	return string(uri)
}

// drawnExamples are examples with their pictures as small files.
func drawnExamples(examples []recipe.Example) (drawn []api.Example) {
	picture := func(m imgproc.Image) string { return dataURI(m.GoImage(), exampleSide) }
	for _, x := range examples {
		of := api.Example{Picture: picture(x.Asked), Answers: []api.Answer{}}
		for _, a := range x.Answers {
			if distance := float64(a.Distance); !math.IsNaN(distance) && !math.IsInf(distance, 0) { // which JSON cannot say
				of.Answers = append(of.Answers, api.Answer{Picture: picture(a.Image), Distance: a.Distance, Same: a.Same})
			}
		}
		drawn = append(drawn, of)
	}
	return drawn
}

// drawnMasks are masks with their pictures as small files.
func drawnMasks(masks []recipe.Masked) (drawn []api.Masked) {
	for _, m := range masks {
		truth := make([]bool, len(m.Truth.Pix))
		for i, v := range m.Truth.Pix {
			truth[i] = v == 255
		}
		drawn = append(drawn, api.Masked{
			Picture: dataURI(m.Image.GoImage(), maskedSide), Beside: dataURI(m.Beside.GoImage(), maskedSide),
			Found: dataURI(overlay(m.Image.RGB(), m.Found), maskedSide), Truth: dataURI(overlay(m.Image.RGB(), truth), maskedSide), Jaccard: m.Jaccard,
		})
	}
	return drawn
}

// stop says that the training ended before it had a model, or all its steps.
func (p *progressFile) stop(err error) {
	if p.Step == 0 { // it never began, and the file may be another's
		return
	}
	p.State = "stopped"
	if err != nil && !errors.Is(err, context.Canceled) {
		p.State = "failed"
	}
	_ = p.write()
}

// remove ends the file, when there is no more to tell.
func (p *progressFile) remove() error { return removeIfThere(p.path) }

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (p *progressFile) write() error {
	p.Loss = [][2]float64{}
	x, y := report.Smooth(p.steps, p.losses, progressPoints)
	for i := range x {
		p.Loss = append(p.Loss, [2]float64{x[i], y[i]})
	}
	p.Updated = time.Now().UTC().Truncate(time.Second)
	p.written = time.Now()
	return atomicfile.Write(p.path, func(w io.Writer) error { return json.NewEncoder(w).Encode(p.Training) })
}
