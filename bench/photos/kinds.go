//go:build linux

package main

import (
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
)

// kind is a kind of photographs to make.
type kind struct {
	name   string
	photos int
	size   func(rng *rand.Rand) (w, h int)
	noise  float64 // deviation of each pixel, bytes: what a JPEG takes long over
	share  float64 // of the height that the picture with the face takes
}

func kinds(photos int) []kind {
	large := func(*rand.Rand) (w, h int) { return 4000, 3000 }
	return []kind{
		{"of 12 megapixels, smooth", photos, large, 0, 0.5},
		{"of 12 megapixels, with noise", photos, large, 6, 0.5},
		{"of 12 megapixels, with noise and small faces", photos, large, 6, 0.15},
		{"of 300 sizes from 200 to 639 pixels", 300, func(rng *rand.Rand) (w, h int) { return 200 + rng.IntN(440), 200 + rng.IntN(440) }, 3, 0.8},
	}
}

// make writes photographs, each with the face of another picture, and returns their files.
func (k kind) make(to string, folder dataset.Folder, list dataset.Listing) ([]string, error) {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(1, uint64(len(k.name))))
	files := make([]string, k.photos)
	for i := range files {
		face, err := imgproc.ReadFS(folder.FS, list.Images[rng.IntN(len(list.Images))])
		if err != nil {
			return nil, err
		}
		w, h := k.size(rng)
		files[i] = filepath.Join(to, fmt.Sprintf("%04d.jpg", i))
		if err := write(files[i], k.photograph(face, w, h, rng)); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// photograph lays a picture on a smooth one of w×h pixels, with noise over all.
func (k kind) photograph(face imgproc.Image, w, h int, rng *rand.Rand) image.Image {
	side := int(k.share * float64(min(w, h)))
	face = imgproc.Resize(face, side, side).RGB()
	top, left := rng.IntN(h-side+1), rng.IntN(w-side+1)
	phase, noise := rng.Float64(), noises(k.noise, rng)
	photo := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		row := photo.Pix[y*photo.Stride:]
		shade := 90 + 60*math.Sin(3*float64(y)/float64(h)+phase)
		for x := range w {
			colours := [3]float64{shade, shade + 40*float64(x)/float64(w), 200 - shade}
			if inY, inX := y-top, x-left; inY >= 0 && inY < side && inX >= 0 && inX < side {
				for c := range colours {
					colours[c] = float64(face.Row(inY)[3*inX+c])
				}
			}
			n := noise[rng.IntN(len(noise))]
			for c, v := range colours {
				row[4*x+c] = uint8(min(max(v+n, 0), 255))
			}
			row[4*x+3] = 255
		}
	}
	return photo
}

// noises are draws to draw from: a new one for each of 12 million pixels takes long.
func noises(deviation float64, rng *rand.Rand) []float64 {
	draws := make([]float64, 1<<12)
	for i := range draws {
		draws[i] = deviation * rng.NormFloat64()
	}
	return draws
}

func write(name string, m image.Image) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := jpeg.Encode(f, m, &jpeg.Options{Quality: 90}); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
