package dataset

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path"
	"path/filepath"

	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/atomicfile"
)

// WriteAlphabets saves a set as a folder that [ReadAlphabets] reads, dir/ALPHABET/characterNN/NNNN_DD.png, with a new number
// NNNN for each character; classes without a group go to the alphabet "ungrouped" and items without a drawer are numbered.
// The folder must not exist yet; it appears when all of it is written.
func WriteAlphabets(ctx context.Context, s *Set, dir string) error {
	return atomicfile.Folder(dir, func(partial string) error {
		inGroup := map[string]int{} // characters so far
		for label, items := range s.ByClass() {
			group := s.Classes[label].Group
			if group == "" {
				group = "ungrouped"
			}
			inGroup[group]++
			character := filepath.Join(partial, group, fmt.Sprintf("character%02d", inGroup[group]))
			if err := s.writeCharacter(ctx, character, label, items); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Set) writeCharacter(ctx context.Context, dir string, label int, items []int32) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for n, i := range items {
		if err := ctx.Err(); err != nil {
			return err
		}
		drawer := s.Items[i].Drawer
		if drawer == 0 {
			drawer = n + 1
		}
		name := filepath.Join(dir, fmt.Sprintf("%04d_%02d.png", label+1, drawer))
		if err := writePNG(name, s.Items[i].Pixels()); err != nil {
			return err
		}
	}
	return nil
}

// WriteRuns saves runs as a folder that [ReadRuns] reads. The folder must not exist yet; it appears when all of it is
// written.
func WriteRuns(ctx context.Context, runs []Run, dir string) error {
	return atomicfile.Folder(dir, func(partial string) error {
		for _, run := range runs {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := run.write(partial); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r Run) write(dir string) error {
	for _, sub := range []string{"training", "test"} {
		if err := os.MkdirAll(filepath.Join(dir, r.Name, sub), 0o755); err != nil {
			return err
		}
	}
	for i, it := range r.Support {
		if err := writePNG(filepath.Join(dir, r.support(i)), it.Pixels()); err != nil {
			return err
		}
	}
	var labels bytes.Buffer
	for i, it := range r.Query {
		test := path.Join(r.Name, "test", fmt.Sprintf("item%02d.png", i+1))
		fmt.Fprintf(&labels, "%s %s\n", test, r.support(it.Label))
		if err := writePNG(filepath.Join(dir, test), it.Pixels()); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, r.Name, runLabels), labels.Bytes(), 0o644)
}

// support is the file of support image i.
func (r Run) support(i int) string {
	return path.Join(r.Name, "training", fmt.Sprintf("class%02d.png", i+1))
}

// writePNG saves an image; one with black and white only takes one bit per pixel, as Omniglot's do.
func writePNG(name string, m imgproc.Image) error {
	var buf bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(&buf, blackAndWhite(m)); err != nil {
		return err
	}
	return os.WriteFile(name, buf.Bytes(), 0o644)
}

func blackAndWhite(m imgproc.Image) image.Image {
	if m.C != 1 || !onlyBlackAndWhite(m.Pix) {
		return m.GoImage()
	}
	out := image.NewPaletted(image.Rect(0, 0, m.W, m.H), color.Palette{color.Black, color.White})
	for i, v := range m.Pix {
		out.Pix[i] = v >> 7
	}
	return out
}

func onlyBlackAndWhite(pix []uint8) bool {
	for _, v := range pix {
		if v != 0 && v != 255 {
			return false
		}
	}
	return true
}
