package main

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/atomicfile"
	"github.com/siam-go/siam/report"
)

// write fills a folder with the pictures, the page and coseg.json.
func (r *cosegResult) write(ctx context.Context, folder string, g *cosegGroup) error {
	sheet := report.Sheet{Columns: 3, Side: 160}
	taken, says := map[string]bool{}, make([]string, len(g.masks))
	for i := range g.masks {
		if err := ctx.Err(); err != nil {
			return err
		}
		entry, tiles, err := g.writeImage(folder, freeName(g.files[i], taken), i)
		if err != nil {
			return err
		}
		sheet.Tiles, says[i] = append(sheet.Tiles, tiles...), r.says(entry)
		r.Images = append(r.Images, entry)
	}
	r.Sheet, r.Report = "sheet.png", "report.html"
	if err := sheet.WriteFile(filepath.Join(folder, r.Sheet)); err != nil {
		return err
	}
	if err := g.page(says).WriteFile(filepath.Join(folder, r.Report)); err != nil {
		return err
	}
	encoded, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "coseg.json"), append(encoded, '\n'), 0o644)
}

// writeImage writes the pictures of one image, and returns those of the sheet.
func (g *cosegGroup) writeImage(folder, stem string, i int) (cosegImage, []report.Tile, error) {
	picture, mask, err := g.full(i)
	if err != nil {
		return cosegImage{}, nil, err
	}
	bits := mask.Bits()
	entry := cosegImage{
		File: g.files[i], Presence: mask.Presence, Present: mask.Present, Area: mask.Area(), RLE: coseg.NewRLE(bits, mask.H, mask.W),
		Mask: stem + "-mask.png", Cutout: stem + "-cutout.png", Overlay: stem + "-overlay.png",
	}
	pictures := map[string]image.Image{entry.Mask: oneBit(bits, mask.H, mask.W), entry.Cutout: cutout(picture, mask), entry.Overlay: overlay(picture, bits)}
	if len(g.matches[i]) > 0 {
		entry.Lines = stem + "-points.png"
		entry.Points = g.points(i, float64(g.shrinks[0]), float64(g.shrinks[i]))
		pictures[entry.Lines] = lines(g.images[0], g.images[i], g.points(i, 1, 1))
	}
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	for name, picture := range pictures {
		if err := atomicfile.Write(filepath.Join(folder, name), func(w io.Writer) error { return encoder.Encode(w, picture) }); err != nil {
			return entry, nil, err
		}
	}
	small := g.masks[i]
	verdict := report.Right
	if !mask.Present {
		verdict = report.Unmarked
	}
	return entry, []report.Tile{
		{Image: g.images[i].GoImage(), Verdict: verdict}, {Image: overlay(g.images[i], small.Bits()), Verdict: verdict}, {Image: cutout(g.images[i], small), Verdict: verdict},
	}, nil
}

// points are the places that correspond in the first image and another, these so many times larger than their copies.
func (g *cosegGroup) points(i int, first, here float64) (points []cosegPoint) {
	for _, m := range g.matches[i] {
		points = append(points, cosegPoint{
			[2]float64{first * float64(m.A.X), first * float64(m.A.Y)}, [2]float64{here * float64(m.B.X), here * float64(m.B.Y)}, m.Alike,
		})
	}
	return points
}

// freeName is the file's name without its end, numbered where another has it already.
func freeName(file string, taken map[string]bool) string {
	base := filepath.Base(file)
	stem := strings.TrimSuffix(base, filepath.Ext(base))
	for name, n := stem, 2; ; n++ {
		if !taken[strings.ToLower(name)] {
			taken[strings.ToLower(name)] = true
			return name
		}
		name = fmt.Sprintf("%s-%d", stem, n)
	}
}

// oneBit is a mask as a picture of one bit a pixel: white is the object.
func oneBit(bits []bool, h, w int) image.Image {
	m := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Black, color.White})
	for i, on := range bits {
		if on {
			m.Pix[i] = 1
		}
	}
	return m
}

// cutout is the object on nothing, its edge as soft as the mask's probabilities are.
func cutout(picture imgproc.Image, mask coseg.Mask) image.Image {
	m := image.NewNRGBA(image.Rect(0, 0, mask.W, mask.H))
	for i, p := range mask.Probability {
		if !mask.Present || p < 0.1 {
			continue
		}
		copy(m.Pix[4*i:], picture.Pix[3*i:3*i+3])
		m.Pix[4*i+3] = uint8(255*min(1, max(0, 1.5*p-0.25)) + 0.5)
	}
	return m
}

// overlay darkens what is not of the object, and lines the object.
func overlay(picture imgproc.Image, bits []bool) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, picture.W, picture.H))
	for i, on := range bits {
		x := i % picture.W
		edge := on && (x > 0 && !bits[i-1] || x+1 < picture.W && !bits[i+1] || i >= picture.W && !bits[i-picture.W] || i+picture.W < len(bits) && !bits[i+picture.W])
		rgb := picture.Pix[3*i : 3*i+3]
		switch {
		case edge:
			copy(m.Pix[4*i:], []uint8{255, 64, 32})
		case on:
			copy(m.Pix[4*i:], rgb)
		default:
			for c, v := range rgb {
				m.Pix[4*i+c] = v / 3
			}
		}
		m.Pix[4*i+3] = 255
	}
	return m
}
