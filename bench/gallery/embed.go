package main

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/atomicfile"
)

// seen is a photograph as the network sees it.
type seen struct {
	Person, File string
	Worse        string // how it was made worse; empty when it was not
	Found        bool   // a face was
	Embedding    []float32
	Quality      face.Quality
}

// cached reads what was embedded before, or embeds it and keeps it.
func cached(name string, embed func() ([]seen, error)) ([]seen, error) {
	var rows []seen
	file, err := os.Open(name)
	if err == nil {
		defer file.Close()
		return rows, gob.NewDecoder(file).Decode(&rows)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if rows, err = embed(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	return rows, atomicfile.Write(name, func(w io.Writer) error { return gob.NewEncoder(w).Encode(rows) })
}

// photographs lists a folder of folders of people, person by person.
func photographs(folder string) (files []string, err error) {
	files, err = filepath.Glob(filepath.Join(folder, "*", "*.jpg"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s: want a folder with a folder of photographs for each person", folder)
	}
	return files, err
}

// personOf is whose a photograph is: LFW names files Person_0001.jpg.
func personOf(file string) string {
	name := filepath.Base(file)
	return name[:max(strings.LastIndexByte(name, '_'), 0)]
}

// embedPhotographs embeds the main face of each photograph, made worse in the way named, or as it is.
func embedPhotographs(ctx context.Context, model *siam.Model, files []string, worse string) ([]seen, error) {
	pipeline, err := model.Faces(nil)
	if err != nil {
		return nil, err
	}
	pipeline.Mirror = true
	var rows []seen
	for some := range slices.Chunk(files, 16) {
		images := make([]imgproc.Image, len(some))
		for i, file := range some {
			if images[i], err = imgproc.ReadFile(file); err != nil {
				return nil, err
			}
			images[i] = worsen(images[i], worse, rand.New(rand.NewPCG(1, uint64(len(rows)+i))))
		}
		faces, _, err := pipeline.EmbedMain(ctx, imgproc.Photos(images...))
		if err != nil {
			return nil, err
		}
		for i, f := range faces {
			rows = append(rows, seen{personOf(some[i]), filepath.Base(some[i]), worse, f.Embedding != nil, f.Embedding, f.Quality})
		}
	}
	return rows, nil
}

// embedCrops embeds crops of faces, of each person so many, by a network that expects larger ones laid straight by landmarks: the crop is
// put where its eyes and mouth usually are in what that network sees.
func embedCrops(ctx context.Context, model *siam.Model, files []string, each int) ([]seen, error) {
	count := map[string]int{}
	var some []string
	for _, file := range files {
		if person := personOf(file); count[person] < each {
			count[person]++
			some = append(some, file)
		}
	}
	var rows []seen
	for part := range slices.Chunk(some, 64) {
		images := make([]imgproc.Image, len(part))
		for i, file := range part {
			m, err := imgproc.ReadFile(file)
			if err != nil {
				return nil, err
			}
			images[i] = framed(m.RGB())
		}
		embeddings, err := model.EmbedImages(ctx, images)
		if err != nil {
			return nil, err
		}
		for i, e := range embeddings {
			rows = append(rows, seen{Person: personOf(part[i]), File: filepath.Base(part[i]), Found: true, Embedding: e})
		}
	}
	return rows, nil
}

// framed puts an LFWcrop picture of 64×64 into one of 74×74 whose rim repeats its edge.
func framed(m imgproc.Image) imgproc.Image {
	const side, left, top = 74, 5, 12
	out := imgproc.New(side, side, 3)
	for y := range side {
		from := m.Row(min(max(y-top, 0), m.H-1))
		for x := range side {
			at := min(max(x-left, 0), m.W-1)
			copy(out.Pix[3*(y*side+x):][:3], from[3*at:])
		}
	}
	return out
}

// ways are the ways in which photographs are made worse: a way and how much of it.
var ways = []string{"blur 2", "blur 4", "blur 6", "small 8", "small 12", "dark 8", "dark 20", "noise 40", "covered 0.5"}

// worsen makes a photograph worse.
func worsen(m imgproc.Image, way string, random *rand.Rand) imgproc.Image {
	var kind string
	var by float64
	if n, _ := fmt.Sscanf(way, "%s %g", &kind, &by); n != 2 {
		return m
	}
	out := imgproc.Image{H: m.H, W: m.W, C: m.C, Pix: slices.Clone(m.Pix)}
	switch kind {
	case "blur":
		for range 3 { // three boxes are nearly a Gaussian
			out = box(out, int(by))
		}
	case "small":
		return imgproc.Resize(imgproc.Resize(m, int(float64(m.H)/by), int(float64(m.W)/by)), m.H, m.W)
	case "dark":
		for i, v := range out.Pix {
			out.Pix[i] = uint8(float64(v) / by)
		}
	case "noise":
		for i, v := range out.Pix {
			out.Pix[i] = uint8(min(max(float64(v)+by*random.NormFloat64(), 0), 255))
		}
	case "covered": // the lower part of the middle, as by a scarf
		for y := int(float64(m.H) * by); y < m.H; y++ {
			row := out.Row(y)
			for x := m.W / 4 * m.C; x < m.W*3/4*m.C; x++ {
				row[x] = 90
			}
		}
	}
	return out
}

// box is the mean over 2·half+1 pixels both ways.
func box(m imgproc.Image, half int) imgproc.Image {
	for _, step := range []int{m.C, m.W * m.C} {
		out := imgproc.Image{H: m.H, W: m.W, C: m.C, Pix: make([]uint8, len(m.Pix))}
		for i := range m.Pix {
			sum := 0
			for d := -half; d <= half; d++ {
				j := i + d*step
				if j < 0 || j >= len(m.Pix) || step == m.C && j/(m.W*m.C) != i/(m.W*m.C) {
					j = i
				}
				sum += int(m.Pix[j])
			}
			out.Pix[i] = uint8(sum / (2*half + 1))
		}
		m = out
	}
	return m
}
