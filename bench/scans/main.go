// Scans copies a folder of drawings as if each had been photographed or scanned: grey paper, shading, noise, and a larger page. It shows
// what paper costs a model:
//
//	go run ./bench/scans data/omniglot/images_evaluation scanned
//	siam eval oneshot --model characters.safetensors --data scanned
package main

import (
	"fmt"
	"hash/fnv"
	"image"
	"image/png"
	"io/fs"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/siam-go/siam/imgproc"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("want the folder to read and the one to write")
	}
	from, to := os.Args[1], os.Args[2]
	err := filepath.WalkDir(from, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !imgproc.IsImageName(file) {
			return err
		}
		relative, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		m, err := imgproc.ReadFile(file)
		if err != nil {
			return err
		}
		return write(filepath.Join(to, relative), scan(m.Grey(), seedOf(relative)))
	})
	if err != nil {
		log.Fatal(fmt.Errorf("scan the drawings of %s: %w", from, err))
	}
}

func seedOf(name string) uint64 {
	hash := fnv.New64a()
	hash.Write([]byte(name))
	return hash.Sum64()
}

// scan lays a drawing somewhere on a page of up to twice its size: paper from 170 to 250 that grows darker by up to a third in one
// direction, ink of half to full strength, and noise of a deviation from 2 to 8.
func scan(m imgproc.Image, seed uint64) *image.Gray {
	rng := rand.New(rand.NewPCG(seed, 1))
	between := func(low, high float64) float64 { return low + (high-low)*rng.Float64() }
	grow := between(1, 2)
	h, w := int(float64(m.H)*grow), int(float64(m.W)*grow)
	top, left := rng.IntN(h-m.H+1), rng.IntN(w-m.W+1)
	level, ink, noise := between(170, 250), between(0.5, 1), between(2, 8)
	acrossPage, downPage := between(-0.3, 0.3), between(-0.3, 0.3)
	page := image.NewGray(image.Rect(0, 0, w, h))
	for i := range page.Pix {
		x, y := i%w, i/w
		dark := 0.0
		if inX, inY := x-left, y-top; inX >= 0 && inX < m.W && inY >= 0 && inY < m.H {
			dark = ink * float64(255-m.Row(inY)[inX]) / 255
		}
		light := 1 - max(acrossPage, 0) - max(downPage, 0) + acrossPage*float64(x)/float64(w) + downPage*float64(y)/float64(h)
		page.Pix[i] = uint8(min(max(level*light*(1-dark)+noise*rng.NormFloat64(), 0), 255))
	}
	return page
}

func write(name string, m image.Image) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := png.Encode(f, m); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
