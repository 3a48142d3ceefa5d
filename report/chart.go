package report

import (
	"fmt"
	"html"
	"html/template"
	"io"
	"math"
	"strings"

	"github.com/siam-go/siam/internal/atomicfile"
)

// Chart is one or more series over a pair of axes. It is a [Part], and a picture of its own by WriteFile.
type Chart struct {
	Title  string
	X, Y   Axis
	Series []Series
	Marks  []Mark
	Dots   []Dot
}

// Series is a line through the points (X[i], Y[i]), or bars: with Bars, bar i of height Y[i] goes from X[i] to X[i+1].
type Series struct {
	Name   string // empty leaves it out of the legend
	X, Y   []float64
	Bars   bool
	Dashed bool
}

// Mark is a labelled upright line.
type Mark struct {
	X     float64
	Label string
}

// Dot is a labelled place.
type Dot struct {
	X, Y   float64
	Label  string
	Series int // whose colour it takes
}

// The drawing, in pixels of its own.
const (
	chartWidth, chartHeight = 560, 340
	plotLeft, plotRight     = 62, 544
	plotTop, plotBottom     = 58, 290
	legendY                 = 16 // of the title and the legend
)

// WriteFile writes the chart as an SVG file, complete in itself. A file already there stays whole until the new one is.
func (c Chart) WriteFile(path string) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := io.WriteString(w, c.svg("<style>"+chartCSS+"</style>"+
			fmt.Sprintf(`<rect width="%d" height="%d" fill="var(--card)"/>`, chartWidth, chartHeight)))
		return err
	})
}

// HTML implements [Part].
func (c Chart) HTML() (template.HTML, error) {
	for _, s := range c.Series {
		points := len(s.Y)
		if s.Bars {
			points++
		}
		if len(s.X) != points {
			return "", fmt.Errorf("chart %q: series %q has %d x and %d y", c.Title, s.Name, len(s.X), len(s.Y))
		}
	}
	return template.HTML(`<div class="chart">` + c.svg("") + `</div>`), nil
}

// canvas is a chart being drawn.
type canvas struct {
	strings.Builder
	chart Chart
	x, y  fitted
}

func (c Chart) svg(first string) string {
	var xs, ys []float64
	for _, s := range c.Series {
		xs, ys = append(xs, s.X...), append(ys, s.Y...)
		if s.Bars {
			ys = append(ys, 0)
		}
	}
	d := &canvas{chart: c, x: c.X.fit(xs), y: c.Y.fit(ys)}
	d.add(`<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 %d %d" role="img" aria-label="%s">%s`,
		chartWidth, chartHeight, html.EscapeString(c.Title), first)
	d.axes()
	for i, s := range c.Series {
		if s.Bars {
			d.bars(s, i)
		} else {
			d.line(s, i)
		}
	}
	for i, m := range c.Marks {
		d.mark(m, plotTop+12+float64(i)*markHeight) // one below the other, as they may be near
	}
	d.dots(c.Dots)
	d.legend()
	d.add(`</svg>`)
	return d.String()
}

func (d *canvas) add(format string, values ...any) { fmt.Fprintf(d, format, values...) }

// text writes at (x, y); anchor is start, middle or end.
func (d *canvas) text(x, y float64, anchor, class, text string) {
	d.add(`<text x="%.1f" y="%.1f" text-anchor="%s" class="%s">%s</text>`, x, y, anchor, class, html.EscapeString(text))
}

func pixelX(part float64) float64 { return plotLeft + part*(plotRight-plotLeft) }
func pixelY(part float64) float64 { return plotBottom - part*(plotBottom-plotTop) }

// place returns where a point goes, and whether the axes show it.
func (d *canvas) place(x, y float64) (px, py float64, ok bool) {
	partX, okX := d.x.at(x)
	partY, okY := d.y.at(y)
	return pixelX(partX), pixelY(partY), okX && okY
}

func (d *canvas) axes() {
	d.text(0, legendY, "start", "title", d.chart.Title)
	for _, t := range d.y.ticks() {
		y := pixelY(t.at)
		d.add(`<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, plotLeft, plotRight, y, y)
		d.text(plotLeft-8, y+4, "end", "", t.label)
	}
	d.add(`<line class="axis" x1="%d" x2="%d" y1="%d" y2="%d"/>`, plotLeft, plotRight, plotBottom, plotBottom)
	for _, t := range d.x.ticks() {
		x := pixelX(t.at)
		d.add(`<line class="axis" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, x, x, plotBottom, plotBottom+5)
		d.text(min(x, chartWidth-24), plotBottom+19, "middle", "", t.label) // or the last one is cut off
	}
	d.text((plotLeft+plotRight)/2, plotBottom+40, "middle", "", d.chart.X.Label)
	d.text(plotLeft, plotTop-10, "start", "", d.chart.Y.Label)
}

// legend lists the named series at the top right, each after a sign in its colour.
func (d *canvas) legend() {
	d.add(`<text x="%d" y="%d" text-anchor="end" class="strong" xml:space="preserve">`, plotRight, legendY)
	for i, s := range d.chart.Series {
		if s.Name == "" {
			continue
		}
		sign, fill := "━", fmt.Sprintf("--s%d", colour(i))
		switch {
		case s.Bars:
			sign = "■"
		case s.Dashed:
			sign, fill = "╍", "--soft"
		}
		d.add(`<tspan style="fill:var(%s)">    %s</tspan> %s`, fill, sign, html.EscapeString(s.Name))
	}
	d.add(`</text>`)
}

const colours = 6

func colour(series int) int { return series % colours }

// stroke is how a line is drawn: dashed lines are for reference and take no colour.
func stroke(s Series, number int) string {
	if s.Dashed {
		return `stroke="var(--soft)" stroke-dasharray="4 5"`
	}
	return fmt.Sprintf(`stroke="var(--s%d)"`, colour(number))
}

// hoverPoints is how many points of a line show their numbers when pointed at.
const hoverPoints = 150

// line joins the points of s; a point that the axes do not show interrupts it, and one less than half a pixel from the last
// is left out.
func (d *canvas) line(s Series, number int) {
	var path strings.Builder
	lastX, lastY, joined := 0.0, 0.0, false
	for i := range s.X {
		x, y, ok := d.place(s.X[i], s.Y[i])
		switch {
		case !ok:
			joined = false
			continue
		case !joined:
			fmt.Fprintf(&path, "M%.1f %.1f", x, y)
		case i < len(s.X)-1 && math.Hypot(x-lastX, y-lastY) < 0.5:
			continue
		default:
			fmt.Fprintf(&path, "L%.1f %.1f", x, y)
		}
		lastX, lastY, joined = x, y, true
	}
	d.add(`<path class="line" %s d="%s"/>`, stroke(s, number), path.String())
	if s.Dashed {
		return
	}
	for i := 0; i < len(s.X); i += len(s.X)/hoverPoints + 1 {
		if x, y, ok := d.place(s.X[i], s.Y[i]); ok {
			d.add(`<circle class="dot" cx="%.1f" cy="%.1f" r="5" fill="var(--s%d)"><title>%s</title></circle>`,
				x, y, colour(number), html.EscapeString(d.says(s, d.x.label(s.X[i]), s.Y[i])))
		}
	}
}

// says is what a point or bar tells when pointed at.
func (d *canvas) says(s Series, x string, y float64) string {
	value := fmt.Sprintf("%.4g", y)
	if d.chart.Y.Percent {
		value = fmt.Sprintf("%.4g %%", 100*y)
	}
	text := fmt.Sprintf("%s %s: %s", d.chart.X.Label, x, value)
	if s.Name != "" {
		text = s.Name + ", " + text
	}
	return text
}

func (d *canvas) bars(s Series, number int) {
	for i, v := range s.Y {
		left, top, okLeft := d.place(s.X[i], v)
		right, bottom, okRight := d.place(s.X[i+1], 0)
		if v == 0 || !okLeft || !okRight {
			continue
		}
		d.add(`<rect class="bar" x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="var(--s%d)" fill-opacity=".55"><title>%s</title></rect>`,
			left, top, max(right-left-0.5, 0.5), bottom-top, colour(number),
			html.EscapeString(d.says(s, fmt.Sprintf("%.3g–%.3g", s.X[i], s.X[i+1]), v)))
	}
}

// markHeight is how far the labels of marks are apart.
const markHeight = 17

// mark draws a mark with its label's foot at y.
func (d *canvas) mark(m Mark, y float64) {
	part, ok := d.x.at(m.X)
	if !ok {
		return
	}
	x, anchor, shift := pixelX(part), "start", 6.0
	if part > 0.6 {
		anchor, shift = "end", -6
	}
	d.add(`<line class="mark" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, x, x, plotTop, plotBottom)
	d.text(x+shift, y, anchor, "strong", m.Label)
}
