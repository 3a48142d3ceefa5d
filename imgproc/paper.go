package imgproc

import "slices"

// What finding a drawing's paper goes by.
const (
	// mostCells is into how many parts each side of the page is cut, in each of which the paper has one level; fewer where a cell
	// would have less than leastCell pixels a side.
	mostCells, leastCell = 8, 12
	// cleanPaper is the level from which paper counts as clean, and a page that is clean all over is left as it is.
	cleanPaper = 254
	// faintInk is how much darker than its paper ink must be at least, and how far an inked cell is from the paper around it.
	faintInk = 32
)

// onCleanPaper is a grey drawing as it would be in black ink on white paper: the paper found around the ink becomes 255, however dark,
// shaded or noisy it is, the ink 0, and light ink on dark paper is turned round. A page that is clean already is returned as it is,
// sharing its pixels.
func (m Image) onCleanPaper() Image {
	if min(m.H, m.W) < 2*leastCell {
		return m
	}
	if border := borderMedian(m, 0); border < 128 && m.inkIsLight(border) {
		m = m.negative()
	}
	if m.clean() {
		return m
	}
	paper := m.paper()
	if slices.Min(paper.level) >= cleanPaper {
		return m
	}
	darker := paper.darker(m)
	noise, ink := darker.levels()
	out := New(m.H, m.W, 1)
	for y := range m.H {
		to := out.Row(y)
		for x, v := range m.Row(y) {
			d := paper.at(x, y, m.W, m.H) - int(v)
			to[x] = 255 - uint8(min(max((d-noise)*255/max(ink-noise, 1), 0), 255))
		}
	}
	return out
}

func (m Image) negative() Image {
	out := New(m.H, m.W, m.C)
	for i, v := range m.Pix {
		out.Pix[i] = 255 - v
	}
	return out
}

// inkIsLight says whether more of a page is clearly lighter than its border than darker.
func (m Image) inkIsLight(border int32) bool {
	lighter, darker := 0, 0
	for _, v := range m.Pix {
		switch d := int32(v) - border; {
		case d >= inkContrast:
			lighter++
		case d <= -inkContrast:
			darker++
		}
	}
	return lighter > darker
}

// cells is into how many parts each side is cut.
func (m Image) cells() int { return min(min(m.H, m.W)/leastCell, mostCells) }

// cell is the box of a cell of the page.
func (m Image) cell(i, n int) (x0, y0, x1, y1 int) {
	column, row := i%n, i/n
	return column * m.W / n, row * m.H / n, (column + 1) * m.W / n, (row + 1) * m.H / n
}

// clean says whether the paper of every cell is clean, at a glance: a quarter of its pixels are.
func (m Image) clean() bool {
	n := m.cells()
	for i := range n * n {
		x0, y0, x1, y1 := m.cell(i, n)
		missing := ((x1-x0)*(y1-y0) + 3) / 4
		for y := y0; y < y1 && missing > 0; y++ {
			for _, v := range m.Row(y)[x0:x1] {
				if v >= cleanPaper {
					missing--
				}
			}
		}
		if missing > 0 {
			return false
		}
	}
	return true
}

// paper is the level of the paper in each of n·n cells of a page, row by row.
type paper struct {
	n     int
	level []uint8
}

// paper finds the level that a quarter of the pixels of each cell reach. A cell that is full of ink has that of its neighbours, or of the
// border where all are.
func (m Image) paper() paper {
	raw := paper{m.cells(), nil}
	border := borderMedian(m, 0)
	for i := range raw.n * raw.n {
		v := m.lightest(m.cell(i, raw.n))
		if 2*int32(v) < border {
			v = uint8(border)
		}
		raw.level = append(raw.level, v)
	}
	smooth := paper{raw.n, slices.Clone(raw.level)}
	for i, v := range raw.level {
		if around := raw.around(i); int(around)-int(v) > faintInk {
			smooth.level[i] = around
		}
	}
	return smooth
}

// lightest is the level that a quarter of the pixels of a cell reach.
func (m Image) lightest(x0, y0, x1, y1 int) uint8 {
	var count [256]int
	for y := y0; y < y1; y++ {
		for _, v := range m.Row(y)[x0:x1] {
			count[v]++
		}
	}
	v, above := 255, count[255]
	for 4*above < (x1-x0)*(y1-y0) {
		v--
		above += count[v]
	}
	return uint8(v)
}

// around is the median of a cell and those that touch it.
func (p paper) around(i int) uint8 {
	var near []uint8
	column, row := i%p.n, i/p.n
	for y := max(row-1, 0); y <= min(row+1, p.n-1); y++ {
		near = append(near, p.level[y*p.n+max(column-1, 0):y*p.n+min(column+2, p.n)]...)
	}
	slices.Sort(near)
	return near[len(near)/2]
}

// at is the level at a pixel of a page of w×h, interpolated between the middles of the cells.
func (p paper) at(x, y, w, h int) int {
	const fine = 256
	position := func(i, side int) (cell, beyond int) {
		at := min(max((2*i+1)*p.n*fine/(2*side)-fine/2, 0), (p.n-1)*fine)
		cell = min(at/fine, p.n-2)
		return cell, at - cell*fine
	}
	column, fx := position(x, w)
	row, fy := position(y, h)
	between := func(at int) int { return int(p.level[at])*(fine-fx) + int(p.level[at+1])*fx }
	top := row*p.n + column
	return (between(top)*(fine-fy) + between(top+p.n)*fy) / (fine * fine)
}

// differences counts pixels by how much darker than their paper they are, from -255 to 255.
type differences [511]int

func (p paper) darker(m Image) *differences {
	count := new(differences)
	for y := range m.H {
		for x, v := range m.Row(y) {
			count[255+p.at(x, y, m.W, m.H)-int(v)]++
		}
	}
	return count
}

// level is the difference that a share of the pixels from low on stay below.
func (c *differences) level(share float64, low int) int {
	total := 0
	for _, n := range c[255+low:] {
		total += n
	}
	d, below := low, c[255+low]
	for d < 255 && float64(below) < share*float64(total) {
		d++
		below += c[255+d]
	}
	return d
}

// levels tell how dark is still noise of the paper, and how dark the ink is: the level that a fifth of it reaches.
func (c *differences) levels() (noise, ink int) {
	middle := c.level(0.5, -255)
	var spread differences // around the middle
	for i, n := range c {
		if d := i - 255 - middle; n > 0 {
			spread[255+min(max(d, -d), 255)] += n
		}
	}
	if deviation := 1.4826 * float64(spread.level(0.5, 0)); deviation > 0 { // of a normal distribution, by its median
		noise = max(middle, 0) + int(3*deviation)
	}
	faintest := min(max(faintInk, 2*noise), 255)
	if ink = c.level(0.8, faintest); ink == faintest || ink <= noise { // none
		return noise, 255 + noise
	}
	return noise, ink
}
