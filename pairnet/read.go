package pairnet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/imgproc"
)

// mostBoxes is how many boxes of a video are learned from at most; of longer ones every second, third, … frame.
const mostBoxes = 4000

// jitter is how far the truth's boxes are moved, in parts of their size, to be like a detector's: a deviation.
const jitter = 0.04

// cropRate is how many frames a second crops of identities are taken to have.
const cropRate = 30

// Read reads what to learn from in a folder: of each sequence with gt/gt.txt and img1 the people, a class SEQUENCE/ID in a group of its name, and crops
// that are files named ID_fFRAME.jpg, a class FOLDER/ID, which have no next frame.
func (s Spec) Read(ctx context.Context, folder string, seed uint64) (*dataset.Set, error) {
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("read %s: want a folder of sequences; an archive is to be unpacked", folder)
	}
	r := reader{Spec: s, set: &dataset.Set{Name: filepath.Base(folder)}, labels: map[string]int{}, rng: rand.New(rand.NewPCG(seed, 31))}
	videos, err := r.videos(ctx, folder)
	if err == nil {
		err = r.crops(ctx, folder)
	}
	if err != nil {
		return nil, err
	}
	if videos == 0 {
		return nil, fmt.Errorf("read %s: it holds no NAME/gt/gt.txt, the truth about a video", folder)
	}
	return r.set, nil
}

// reader is a set being read.
type reader struct {
	Spec
	set    *dataset.Set
	labels map[string]int // of classes by name
	rng    *rand.Rand
}

func (r *reader) label(group, id string) int {
	name := group + "/" + id
	at, known := r.labels[name]
	if !known {
		at = len(r.set.Classes)
		r.labels[name] = at
		r.set.Classes = append(r.set.Classes, dataset.Class{Name: name, Group: group})
	}
	return at
}

func (r *reader) videos(ctx context.Context, folder string) (count int, err error) {
	all, err := mot.Read(folder, mot.Truth)
	if err != nil {
		return 0, err
	}
	for _, v := range all {
		if filepath.Base(v.Path) != "gt.txt" {
			continue
		}
		if err := r.video(ctx, v); err != nil {
			return 0, err
		}
		count++
	}
	return count, nil
}

// video adds the people of one sequence.
func (r *reader) video(ctx context.Context, v mot.Sequence) error {
	images, err := mot.OpenImages(filepath.Dir(filepath.Dir(v.Path)))
	if err != nil {
		return err
	}
	images = images.For(v)
	people := slices.DeleteFunc(slices.Clone(v.Rows), func(row mot.Row) bool {
		return row.Score == 0 || row.Label != "" && row.Label != "pedestrian" && row.Label != "person"
	})
	step, rate := 1+len(people)/mostBoxes, v.Info.Rate
	if rate <= 0 {
		rate = 25
	}
	var frame, next imgproc.Image
	known := -1 // the frame that next is
	for len(people) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		number := people[0].Frame
		end := slices.IndexFunc(people, func(row mot.Row) bool { return row.Frame != number })
		if end < 0 {
			end = len(people)
		}
		rows := people[:end]
		people = people[end:]
		if number%step != 0 {
			continue
		}
		if frame = next; known != number {
			if frame, err = images.Read(number); err != nil {
				continue // what has no image teaches nothing
			}
		}
		if next, err = images.Read(number + 1); err != nil {
			next = imgproc.Image{}
		}
		known = number + 1
		if next.Pix == nil || next.W != frame.W || next.H != frame.H {
			known = -1
		}
		r.boxes(v.Name, rows, frame, next, float64(number)/rate)
	}
	return nil
}

// boxes adds what the rows of one frame show.
func (r *reader) boxes(video string, rows []mot.Row, frame, next imgproc.Image, at float64) {
	for _, row := range rows {
		n := func(size float64) float64 { return jitter * size * r.rng.NormFloat64() }
		b := mot.Box{X: row.Box.X + n(row.Box.W), Y: row.Box.Y + n(row.Box.H), W: row.Box.W + n(row.Box.W), H: row.Box.H + n(row.Box.H)}
		now, inside := r.Cut(frame, b)
		if !inside {
			continue
		}
		seen := &dataset.Seen{At: at, X: b.X, Y: b.Y, W: b.W, H: b.H}
		if next.Pix != nil && r.Flow {
			seen.Next, _ = r.Cut(next, b)
		}
		r.set.Items = append(r.set.Items, dataset.Item{Image: now, Label: r.label(video, strconv.Itoa(row.ID)), Seen: seen})
	}
}

var cropName = regexp.MustCompile(`^(.+)_f(\d+)\.(?:jpg|jpeg|png)$`)

// crops adds the crops of identities.
func (r *reader) crops(ctx context.Context, folder string) error {
	err := dataset.Walk(os.DirFS(folder), func(file string, d fs.DirEntry) error {
		name := cropName.FindStringSubmatch(path.Base(file))
		if d.IsDir() || name == nil {
			return ctx.Err()
		}
		file = filepath.Join(folder, filepath.FromSlash(file))
		picture, err := imgproc.ReadFile(file)
		if err != nil {
			r.set.Failed = append(r.set.Failed, &dataset.FileError{File: file, Err: err})
			return nil
		}
		number, err := strconv.Atoi(name[2])
		if err != nil {
			return nil // no number of a frame
		}
		r.set.Items = append(r.set.Items, dataset.Item{
			Image: imgproc.Resize(picture.RGB(), r.Height, r.Width), Label: r.label(filepath.Base(filepath.Dir(file)), name[1]), Source: file,
			Seen: &dataset.Seen{At: float64(number) / cropRate},
		})
		return nil
	})
	var at *fs.PathError
	if errors.As(err, &at) {
		return fmt.Errorf("read %s: %w", at.Path, at.Err)
	}
	return err
}
