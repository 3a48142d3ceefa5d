package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/atomicfile"
	"github.com/spf13/cobra"
)

// cosegFlags are the flags of siam coseg.
type cosegFlags struct {
	model, out string
	threshold  float64
}

func (a *app) cosegCommand() *cobra.Command {
	var f cosegFlags
	cmd := &cobra.Command{
		Use:   "coseg --model M --out DIR A B...",
		Short: "mask the objects that two or more images share",
		Long: `Finds the objects of the classes that two or more images share, whatever their backgrounds, and writes a folder: of each image
NAME-mask.png (white on the object), NAME-cutout.png (the object on nothing) and NAME-overlay.png; sheet.png with all of them; and coseg.json with
how sure the group is that each image shows an object, its area, and its mask as COCO's run lengths. An image without the object has an empty mask. A
folder stands for the images in it.`,
		Example: `  siam coseg --model coseg.safetensors --out masks cow1.jpg cow2.jpg
  siam coseg --model coseg.safetensors --out masks holiday/`,
		Args: wants("A..."),
		RunE: func(cmd *cobra.Command, args []string) error { return a.coseg(cmd.Context(), f, args) },
	}
	addModelFlag(cmd, &f.model)
	flags := cmd.Flags()
	flags.StringVarP(&f.out, "out", "o", "", "`folder` to write; it must not exist yet")
	flags.Float64Var(&f.threshold, "presence", -1, "presence in [0, 1] from which an object counts as there; the model's own when not given")
	return cmd
}

// openCoseg opens a model of co-segmentation. What it returns besides closes it and its backend.
func (a *app) openCoseg(file string) (*coseg.Model, func(), error) {
	if file == "" {
		return nil, nil, usagef("--model is missing: name a model file, such as one that siam train coseg-small wrote")
	}
	read, err := readModelFile(file)
	if err != nil {
		return nil, nil, err
	}
	backend, err := a.newBackend()
	if err != nil {
		return nil, nil, err
	}
	model, err := coseg.New(backend, read)
	if err != nil {
		backend.Finalize()
		return nil, nil, fmt.Errorf("open %s: %w", file, err)
	}
	return model, func() { model.Close(); backend.Finalize() }, nil
}

func (a *app) coseg(ctx context.Context, f cosegFlags, args []string) error {
	if f.out == "" {
		return usagef("--out is missing: name the folder to write")
	}
	if f.threshold != -1 && !(f.threshold >= 0 && f.threshold <= 1) {
		return usagef("--presence %v: want 0 to 1", f.threshold)
	}
	if _, err := os.Lstat(f.out); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot write %s: it is there already; name a new folder", f.out)
	}
	files, err := imageFiles(args)
	if err != nil {
		return err
	}
	if len(files) < 2 {
		return usagef("a group of %d image shares nothing: name two images or more", len(files))
	}
	model, closeModel, err := a.openCoseg(f.model)
	if err != nil {
		return err
	}
	defer closeModel()
	if f.threshold >= 0 {
		model.Threshold = f.threshold
	}
	photos, err := readPhotos(ctx, files, nil)
	if err != nil {
		return err
	}
	images := make([]imgproc.Image, len(photos))
	for i, photo := range photos {
		images[i] = photo.Image.RGB()
	}
	masks, err := model.Segment(ctx, images...)
	if err != nil {
		return err
	}
	result := cosegResult{Folder: f.out, Threshold: model.Threshold}
	err = atomicfile.Folder(f.out, func(partial string) error { return result.write(partial, files, images, masks) })
	if err != nil {
		return cannotWrite(f.out, err)
	}
	return a.print(result, result.text())
}

// imageFiles are the files that arguments name, those of folders in the order of their names.
func imageFiles(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil || !info.IsDir() {
			files = append(files, arg) // reading it says what is wrong
			continue
		}
		folder, err := dataset.OpenFolder(arg)
		if err != nil {
			return nil, err
		}
		inside, err := folder.Images()
		if err != nil {
			return nil, err
		}
		for _, name := range inside {
			files = append(files, filepath.Join(arg, filepath.FromSlash(name)))
		}
	}
	return files, nil
}

// cosegResult is what siam coseg prints as JSON, and writes.
type cosegResult struct {
	Folder    string       `json:"folder"`
	Threshold float64      `json:"presence_threshold"`
	Images    []cosegImage `json:"images"`
}

// cosegImage is one image's mask.
type cosegImage struct {
	File     string    `json:"file"`
	Presence float64   `json:"presence"` // in [0, 1]
	Present  bool      `json:"present"`
	Area     float64   `json:"area"` // the part of the image that the mask covers, in [0, 1]
	Mask     string    `json:"mask"` // file names inside the folder
	Cutout   string    `json:"cutout"`
	Overlay  string    `json:"overlay"`
	RLE      coseg.RLE `json:"rle"`
}

func (r cosegResult) text() string {
	var b strings.Builder
	there := 0
	for _, m := range r.Images {
		if m.Present {
			there++
			fmt.Fprintf(&b, "%s: %.1f %% of the image, presence %.2f\n", m.File, 100*m.Area, m.Presence)
		} else {
			fmt.Fprintf(&b, "%s: nothing that the others show, presence %.2f below %.2f\n", m.File, m.Presence, r.Threshold)
		}
	}
	if there == 0 {
		b.WriteString("the images have no object in common\n")
	}
	fmt.Fprintf(&b, "masks, cut-outs and overlays are in %s\n", r.Folder)
	return b.String()
}
