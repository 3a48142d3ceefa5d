package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/atomicfile"
	"github.com/spf13/cobra"
)

// cosegFlags are the flags of siam coseg.
type cosegFlags struct {
	model, out, fromMask, fromPoint string
	threshold                       float64
	points, strict                  bool
}

func (a *app) cosegCommand() *cobra.Command {
	var f cosegFlags
	cmd := &cobra.Command{
		Use:   "coseg --model M --out DIR A B...",
		Short: "mask the objects that two or more images share",
		Long: `Finds the objects of the classes that two or more images share, whatever their backgrounds, and writes a folder: of each image
NAME-mask.png (white on the object), NAME-cutout.png (the object on nothing) and NAME-overlay.png; sheet.png with all of them; report.html, a page to
look at them, with a slider for the masks' threshold and, of the place under the pointer, what is like it in the others; and coseg.json with
how sure the group is that each image shows an object, its area, and its mask as COCO's run lengths. An image without the object has an empty mask. A
folder stands for the images in it.

With --from-mask or --from-point the object is given in A, and found again in the others. With --points the places of A that have their like in each
other image are listed in coseg.json and drawn to NAME-points.png.

The model is one that siam train coseg-small or coseg-mobilenet wrote; or an encoder of feature maps that siam import wrote, which has learned nothing
of masks: its maps are clustered over the group.`,
		Example: `  siam coseg --model coseg.safetensors --out masks cow1.jpg cow2.jpg
  siam coseg --model coseg.safetensors --out masks holiday/
  siam coseg --model coseg.safetensors --out masks --from-point 120,80 --points cow1.jpg cow2.jpg cow3.jpg`,
		Args: wants("A..."),
		RunE: func(cmd *cobra.Command, args []string) error { return a.coseg(cmd.Context(), f, args) },
	}
	addModelFlag(cmd, &f.model)
	flags := cmd.Flags()
	flags.StringVarP(&f.out, "out", "o", "", "`folder` to write; it must not exist yet")
	flags.Float64Var(&f.threshold, "presence", -1, "presence in [0, 1] from which an object counts as there; the model's own when not given")
	flags.StringVar(&f.fromMask, "from-mask", "", "the object's mask in A, an image `file` of A's shape: white on the object, or transparent beside it")
	flags.StringVar(&f.fromPoint, "from-point", "", "a place `X,Y` on the object in A, in pixels from its top left corner")
	addStrictFlag(cmd, &f.strict)
	flags.BoolVar(&f.points, "points", false, "list and draw the places of A that have their like in the others")
	return cmd
}

// check reports what is wrong with the flags, before anything is read.
func (f cosegFlags) check() error {
	if f.out == "" {
		return usagef("--out is missing: name the folder to write")
	}
	if f.threshold != -1 && !(f.threshold >= 0 && f.threshold <= 1) {
		return usagef("--presence %v: want 0 to 1", f.threshold)
	}
	if f.fromMask != "" && f.fromPoint != "" {
		return usagef("--from-mask and --from-point: give one of them")
	}
	if f.fromPoint != "" {
		if _, err := pointOf(f.fromPoint); err != nil {
			return err
		}
	}
	if _, err := os.Lstat(f.out); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot write %s: it is there already; name a new folder", f.out)
	}
	return nil
}

// pointOf reads X,Y.
func pointOf(text string) (p imgproc.Point, err error) {
	var x, y float64
	left, right, ok := strings.Cut(text, ",")
	if ok {
		x, err = strconv.ParseFloat(left, 32)
	}
	if ok && err == nil {
		y, err = strconv.ParseFloat(right, 32)
	}
	if !ok || err != nil || math.IsNaN(x+y) || math.IsInf(x+y, 0) {
		return p, usagef("--from-point %s: want X,Y in pixels, such as 120,80", text)
	}
	return imgproc.Point{X: float32(x), Y: float32(y)}, nil
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
	if err := f.check(); err != nil {
		return err
	}
	files, err := a.inFolders(args, shard{})
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
	group, err := a.readGroup(ctx, model, f, files)
	if err != nil {
		return err
	}
	if err := group.segment(ctx, model, f); err != nil {
		return err
	}
	result := cosegResult{Folder: f.out, Threshold: model.Threshold}
	err = atomicfile.Folder(f.out, func(partial string) error { return result.write(ctx, partial, group) })
	if err != nil {
		return cannotWrite(f.out, err)
	}
	return a.print(result, result.text())
}

// cosegResult is what siam coseg prints as JSON, and writes.
type cosegResult struct {
	Folder    string       `json:"folder"`
	Threshold float64      `json:"presence_threshold"`
	Images    []cosegImage `json:"images"`
	Report    string       `json:"report"` // a file inside the folder, as all below
	Sheet     string       `json:"sheet"`
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
	// Points are the places that correspond to places of the first image, the most alike first; Lines is the picture of them.
	Points []cosegPoint `json:"points,omitempty"`
	Lines  string       `json:"lines,omitempty"`
}

// cosegPoint is a place of the first image and one of another that correspond.
type cosegPoint struct {
	First [2]float64 `json:"first"` // x and y in pixels of the first image
	Here  [2]float64 `json:"here"`
	Alike float64    `json:"alike"` // a cosine, in [-1, 1]
}

func (r cosegResult) text() string {
	var b strings.Builder
	there := 0
	for _, m := range r.Images {
		if m.Present {
			there++
		}
		fmt.Fprintf(&b, "%s: %s\n", m.File, r.says(m))
	}
	if there == 0 {
		b.WriteString("the images have no object in common\n")
	}
	fmt.Fprintf(&b, "masks, cut-outs and overlays are in %s; look at %s\n", r.Folder, filepath.Join(r.Folder, r.Report))
	return b.String()
}

// says is what was found of one image.
func (r cosegResult) says(m cosegImage) string {
	if m.Present {
		return fmt.Sprintf("%.1f %% of the image, presence %.2f", 100*m.Area, m.Presence)
	}
	return fmt.Sprintf("nothing that the others show, presence %.2f below %.2f", m.Presence, r.Threshold)
}
