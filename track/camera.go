package track

import (
	"math"
	"slices"

	"github.com/siam-go/siam/imgproc"
)

// Camera tells from the pictures how the camera moved, for [Tracker.Move]. The zero value is ready.
type Camera struct {
	before imgproc.Image // grey, small
}

// The size of the search, in pixels of small pictures.
const (
	cameraWidth = 320
	cameraBlock = 32
	cameraReach = 16
)

// Next takes the next frame, and returns how what stands still moved since the one before: (x, y) is now at scale·(x, y) + (dx, dy). Blocks of the picture
// are found again one by one, by the least sum of absolute differences, and what most of them did is the camera's.
func (c *Camera) Next(frame imgproc.Image) (scale, dx, dy float64) {
	small, times := shrink(frame.Grey(), cameraWidth)
	before := c.before
	c.before = small
	if before.W != small.W || before.H != small.H {
		return 1, 0, 0
	}
	var xs, ys, us, vs []float64
	for y := cameraReach; y+cameraBlock+cameraReach <= small.H; y += cameraBlock / 2 {
		for x := cameraReach; x+cameraBlock+cameraReach <= small.W; x += cameraBlock {
			if u, v, ok := follow(before, small, x, y); ok {
				xs, ys = append(xs, float64(x)+cameraBlock/2), append(ys, float64(y)+cameraBlock/2)
				us, vs = append(us, u), append(vs, v)
			}
		}
	}
	if len(us) < 4 {
		return 1, 0, 0
	}
	scale = 1 + slope(xs, us, ys, vs)
	for i := range us {
		us[i] -= (scale - 1) * xs[i]
		vs[i] -= (scale - 1) * ys[i]
	}
	return scale, median(us) * times, median(vs) * times
}

// slope is the median over pairs of blocks of how the shift grows with the place (H. Theil, 1950).
func slope(xs, us, ys, vs []float64) float64 {
	var slopes []float64
	for i := range xs {
		for j := range i {
			for _, p := range [][4]float64{{xs[i], xs[j], us[i], us[j]}, {ys[i], ys[j], vs[i], vs[j]}} {
				if d := p[0] - p[1]; math.Abs(d) >= 2*cameraBlock {
					slopes = append(slopes, (p[2]-p[3])/d)
				}
			}
		}
	}
	if len(slopes) == 0 {
		return 0
	}
	return median(slopes)
}

func median(v []float64) float64 {
	sorted := slices.Clone(v)
	slices.Sort(sorted)
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// follow finds the block at (x, y) again; not where it has hardly any texture or the best place is at the edge of the search.
func follow(before, now imgproc.Image, x, y int) (u, v float64, ok bool) {
	low, high := uint8(255), uint8(0)
	for j := range cameraBlock {
		for _, p := range before.Row(y + j)[x : x+cameraBlock] {
			low, high = min(low, p), max(high, p)
		}
	}
	if high-low < 24 {
		return 0, 0, false
	}
	cost := func(dx, dy int) int {
		sum := 0
		for j := 0; j < cameraBlock; j += 2 {
			a, b := before.Row(y + j)[x:x+cameraBlock], now.Row(y + j + dy)[x+dx:x+dx+cameraBlock]
			for i, p := range a {
				d := int(p) - int(b[i])
				sum += max(d, -d)
			}
		}
		return sum
	}
	best, bx, by := math.MaxInt, 0, 0
	for dy := -cameraReach; dy <= cameraReach; dy += 2 {
		for dx := -cameraReach; dx <= cameraReach; dx += 2 {
			if c := cost(dx, dy); c < best {
				best, bx, by = c, dx, dy
			}
		}
	}
	for _, d := range [][2]int{{-1, -1}, {0, -1}, {1, -1}, {-1, 0}, {1, 0}, {-1, 1}, {0, 1}, {1, 1}} {
		if dx, dy := bx+d[0], by+d[1]; max(dx, -dx, dy, -dy) < cameraReach {
			if c := cost(dx, dy); c < best {
				best, bx, by = c, dx, dy
			}
		}
	}
	if max(bx, -bx, by, -by) >= cameraReach-1 {
		return 0, 0, false
	}
	return float64(bx) + parabola(cost(bx-1, by), best, cost(bx+1, by)), float64(by) + parabola(cost(bx, by-1), best, cost(bx, by+1)), true
}

// parabola is where the least of three neighbours lies between them.
func parabola(a, b, c int) float64 {
	if d := a - 2*b + c; d > 0 {
		return min(max(float64(a-c)/float64(2*d), -0.5), 0.5)
	}
	return 0
}

// shrink averages whole blocks of pixels until a grey picture is at most width wide.
func shrink(m imgproc.Image, width int) (imgproc.Image, float64) {
	n := max((m.W+width-1)/width, 1)
	out := imgproc.New(max(m.H/n, 1), max(m.W/n, 1), 1)
	if m.H < n || m.W < n {
		return m, 1
	}
	for y := range out.H {
		for x := range out.W {
			sum := 0
			for j := range n {
				for _, p := range m.Row(y*n + j)[x*n : x*n+n] {
					sum += int(p)
				}
			}
			out.Pix[y*out.W+x] = uint8(sum / (n * n))
		}
	}
	return out, float64(n)
}
