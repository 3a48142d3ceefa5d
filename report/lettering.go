package report

import (
	"html"
	"html/template"
	"image"
	"image/color"
	"image/draw"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/inconsolata"
	"golang.org/x/image/math/fixed"
)

// breakable is a name for pages, which may go on in the next line after an underscore or a slash.
func breakable(name string) template.HTML {
	return template.HTML(strings.NewReplacer("_", "_<wbr>", "/", "/<wbr>").Replace(html.EscapeString(name)))
}

// The size of a letter in pictures, in pixels.
const letterWidth, letterHeight = 8, 16

// write draws a line of text in a picture, its middle at x and its foot at y, with a white edge that keeps it readable on pictures.
func write(canvas draw.Image, x, y int, text string) {
	left := x - letterWidth*len([]rune(text))/2
	letters := func(dx, dy int, colour color.Color) {
		d := font.Drawer{Dst: canvas, Src: image.NewUniform(colour), Face: inconsolata.Bold8x16, Dot: fixed.P(left+dx, y+dy)}
		d.DrawString(text)
	}
	for dx := -2; dx <= 2; dx++ {
		for dy := -2; dy <= 2; dy++ {
			letters(dx, dy, color.White)
		}
	}
	letters(0, 0, color.NRGBA{0x1b, 0x24, 0x30, 255})
}
