package kernel

import "math"

// patchGroups divides the outputs of a convolution into patches of step×step pixels, and these into groups of neighbours.
// The parts of a kernel lie step pixels apart, so that what lies under one part for one patch lies under another part
// for its neighbour: a group has a grid of inputs which its patches share.
type patchGroups struct {
	step           int
	images         int
	down, right    int    // patches of an image
	partsH, partsW int    // of a kernel
	groupH, groupW int    // patches of a group
	meetH, meetW   []bool // which rows and columns of inputs meet the image, and not only its padding
}

// patchPlace is a patch of the output: its first pixel, the number of its first input among those of a unit, and the parts
// of the kernel, as bits, that meet the image there.
type patchPlace struct {
	image, row, col, input int
	parts                  uint
}

// patchGroups makes every patch a group of its own.
func (s ConvShape) patchGroups(t *patchTransforms) patchGroups {
	g := patchGroups{
		step: t.step, images: s.N, down: divideUp(s.OH, t.step), right: divideUp(s.OW, t.step),
		partsH: t.parts(s.KH), partsW: t.parts(s.KW), groupH: 1, groupW: 1,
	}
	g.meetH = meetings(g.down+g.partsH-1, t.step, s.PadT, s.H)
	g.meetW = meetings(g.right+g.partsW-1, t.step, s.PadL, s.W)
	return g
}

// meetings tells which of n patches in a row, step pixels apart from -pad on, meet an image of some pixels.
func meetings(n, step, pad, pixels int) []bool {
	meet := make([]bool, n)
	for i := range meet {
		first := i*step - pad
		meet[i] = first < pixels && first+patchSize > 0
	}
	return meet
}

// products is the number of products of an input and a part of the kernel, of which none is only padding.
func (g *patchGroups) products() int {
	along := func(meet []bool, parts int) (sum int) {
		for i, meets := range meet {
			if meets {
				sum += min(i+1, parts, len(meet)-i, len(meet)-parts+1)
			}
		}
		return sum
	}
	return g.images * along(g.meetH, g.partsH) * along(g.meetW, g.partsW)
}

// join makes groups of at most the wanted number of patches, so that few are beyond the image and many share inputs.
func (g *patchGroups) join(wanted int) {
	const inputsOfPatch = 8 // inputs whose transforms take as long as the products of a patch, about
	least := math.MaxInt
	for h := range min(wanted, g.down) {
		for w := range min(wanted/(h+1), g.right) {
			t := *g
			t.groupH, t.groupW = h+1, w+1
			if cost := t.count() * (inputsOfPatch*t.patches() + t.inputs()); cost < least {
				*g, least = t, cost
			}
		}
	}
}

// parts is the number of parts of a kernel of some taps, in one direction.
func (t *patchTransforms) parts(taps int) int {
	return max(1, divideUp(taps-max(0, t.taps-t.step), t.step))
}

func (g *patchGroups) parts() int   { return g.partsH * g.partsW }
func (g *patchGroups) patches() int { return g.groupH * g.groupW }
func (g *patchGroups) gridW() int   { return g.groupW + g.partsW - 1 }
func (g *patchGroups) inputs() int  { return (g.groupH + g.partsH - 1) * g.gridW() }

// inImage is the number of groups of an image, below and beside each other.
func (g *patchGroups) inImage() (down, right int) {
	return divideUp(g.down, g.groupH), divideUp(g.right, g.groupW)
}

// count is the number of groups.
func (g *patchGroups) count() int {
	down, right := g.inImage()
	return g.images * down * right
}

// corner is the first patch of a group.
func (g *patchGroups) corner(group int) (image, row, col int) {
	down, right := g.inImage()
	image, group = group/(down*right), group%(down*right)
	return image, group / right * g.groupH, group % right * g.groupW
}

// input is the first pixel, padding included, of an input of a group, and whether some patch needs it.
func (g *patchGroups) input(group, i int) (image, row, col int, meets bool) {
	image, row, col = g.corner(group)
	row, col = row+i/g.gridW(), col+i%g.gridW()
	meets = row < len(g.meetH) && col < len(g.meetW) && g.meetH[row] && g.meetW[col]
	return image, row * g.step, col * g.step, meets
}

// list appends the patches of some groups that lie within the image.
func (g *patchGroups) list(places []patchPlace, first, last int) []patchPlace {
	for group := first; group < last; group++ {
		image, row, col := g.corner(group)
		for i := range min(g.groupH, g.down-row) {
			for j := range min(g.groupW, g.right-col) {
				places = append(places, patchPlace{
					image: image, row: (row + i) * g.step, col: (col + j) * g.step,
					input: (group-first)*g.inputs() + i*g.gridW() + j, parts: g.meetingParts(row+i, col+j),
				})
			}
		}
	}
	return places
}

// meetingParts is the parts of the kernel that meet the image at a patch.
func (g *patchGroups) meetingParts(row, col int) (parts uint) {
	for i := range g.partsH {
		for j := range g.partsW {
			if g.meetH[row+i] && g.meetW[col+j] {
				parts |= 1 << (i*g.partsW + j)
			}
		}
	}
	return parts
}
