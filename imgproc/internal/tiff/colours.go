package tiff

import (
	"image"
	"image/color"
)

// colours makes a picture of samples by what they mean.
func (p *picture) colours() (image.Image, error) {
	switch p.meaning {
	case whiteIsZero, blackIsZero:
		if p.meaning == whiteIsZero {
			for i := 0; i < len(p.pix); i += p.samples {
				p.pix[i] = 255 - p.pix[i]
			}
		}
		if p.samples == 1 {
			return &image.Gray{Pix: p.pix, Stride: p.w, Rect: image.Rect(0, 0, p.w, p.h)}, nil
		}
		return p.each(func(s []uint8) color.RGBA { return color.RGBA{R: s[0], G: s[0], B: s[0], A: 255} }), nil
	case paletted:
		return p.palette()
	case cmyk:
		return p.each(func(s []uint8) color.RGBA {
			r, g, b := color.CMYKToRGB(s[0], s[1], s[2], s[3])
			return color.RGBA{R: r, G: g, B: b, A: 255}
		}), nil
	case yCbCr:
		return p.each(func(s []uint8) color.RGBA {
			r, g, b := color.YCbCrToRGB(s[0], s[1], s[2])
			return color.RGBA{R: r, G: g, B: b, A: 255}
		}), nil
	}
	return p.each(func(s []uint8) color.RGBA { return color.RGBA{R: s[0], G: s[1], B: s[2], A: 255} }), nil
}

// palette makes a picture of indices. The map holds 16 bits a colour, and 8 in files of some old writers.
func (p *picture) palette() (image.Image, error) {
	all := p.numbers(colorMap)
	n := len(all) / 3
	if n == 0 {
		return nil, errCut
	}
	shift := 0
	for _, v := range all {
		if v > 255 {
			shift = 8
		}
	}
	return p.each(func(s []uint8) color.RGBA {
		i := min(int(s[0]), n-1)
		return color.RGBA{R: uint8(all[i] >> shift), G: uint8(all[n+i] >> shift), B: uint8(all[2*n+i] >> shift), A: 255}
	}), nil
}

// each makes a pixel of its samples. A last sample that the directory calls opacity becomes it: colours are multiplied by it already
// ("associated") or not.
func (p *picture) each(colour func(samples []uint8) color.RGBA) image.Image {
	const associated, unassociated = 1, 2
	base := map[int]int{whiteIsZero: 1, blackIsZero: 1, paletted: 1, cmyk: 4}[p.meaning]
	if base == 0 {
		base = 3
	}
	kind := 0
	if extra := p.numbers(extraSamples); p.samples > base && len(extra) > 0 {
		kind = int(extra[0])
	}
	box := image.Rect(0, 0, p.w, p.h)
	pix := make([]uint8, 4*p.w*p.h)
	for i := range p.w * p.h {
		s := p.pix[i*p.samples:][:p.samples]
		c := colour(s)
		if kind == associated || kind == unassociated {
			c.A = s[base]
		}
		pix[4*i], pix[4*i+1], pix[4*i+2], pix[4*i+3] = c.R, c.G, c.B, c.A
	}
	if kind == unassociated {
		return &image.NRGBA{Pix: pix, Stride: 4 * p.w, Rect: box}
	}
	return &image.RGBA{Pix: pix, Stride: 4 * p.w, Rect: box}
}
