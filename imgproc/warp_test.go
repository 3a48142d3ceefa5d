package imgproc

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func noise(h, w, c int, seed uint64) Image {
	rng := rand.New(rand.NewPCG(seed, 0))
	m := New(h, w, c)
	for i := range m.Pix {
		m.Pix[i] = uint8(rng.UintN(256))
	}
	return m
}

// areaMean is the definition of shrinking: the mean of m over one output pixel's area, by the length of each overlap.
func areaMean(m Image, h, w, y, x, c int) float64 {
	sum, area := 0.0, 0.0
	overlap := func(i, o, from, to int) float64 {
		scale := float64(from) / float64(to)
		return math.Max(0, math.Min(float64(i+1), float64(o+1)*scale)-math.Max(float64(i), float64(o)*scale))
	}
	for sy := range m.H {
		for sx := range m.W {
			a := overlap(sy, y, m.H, h) * overlap(sx, x, m.W, w)
			sum += a * float64(m.Pix[(sy*m.W+sx)*m.C+c])
			area += a
		}
	}
	return sum / area
}

func TestResizeShrinksToAreaMeans(t *testing.T) {
	for i, size := range [][4]int{{105, 105, 28, 28}, {105, 105, 56, 56}, {105, 105, 35, 35}, {40, 61, 17, 30}, {9, 9, 9, 9}, {105, 105, 1, 1}} {
		for _, c := range []int{1, 3} {
			m := noise(size[0], size[1], c, uint64(i))
			got := Resize(m, size[2], size[3])
			for y := 0; y < got.H; y += 5 {
				for x := y % 3; x < got.W; x += 4 {
					for ch := range c {
						want := areaMean(m, got.H, got.W, y, x, ch)
						if v := float64(got.Pix[(y*got.W+x)*c+ch]); math.Abs(v-want) > 1.5 {
							t.Fatalf("Resize(%v, c=%d) at (%d, %d, %d) = %v, want %.2f", size, c, y, x, ch, v, want)
						}
					}
				}
			}
		}
	}
}

func TestResizePoolsLargeImagesCloseToAreaMeans(t *testing.T) {
	m := Resize(noise(12, 20, 1, 3), 211, 3001)
	got := Resize(m, 10, 11)
	for y := range got.H {
		for x := range got.W {
			want := areaMean(m, got.H, got.W, y, x, 0)
			if v := float64(got.Row(y)[x]); math.Abs(v-want) > 3 {
				t.Fatalf("Resize at (%d, %d) = %v, want %.2f", y, x, v, want)
			}
		}
	}
}

func TestResizeEnlargesLinearly(t *testing.T) {
	m := noise(7, 5, 1, 1)
	got := Resize(m, 21, 20)
	at := func(y, x int) float64 { return float64(m.Row(min(max(y, 0), 6))[min(max(x, 0), 4)]) }
	for y := range got.H {
		for x := range got.W {
			sy, sx := (float64(y)+0.5)*7/21-0.5, (float64(x)+0.5)*5/20-0.5
			iy, ix := int(math.Floor(sy)), int(math.Floor(sx))
			fy, fx := sy-float64(iy), sx-float64(ix)
			want := (1-fy)*((1-fx)*at(iy, ix)+fx*at(iy, ix+1)) + fy*((1-fx)*at(iy+1, ix)+fx*at(iy+1, ix+1))
			if v := float64(got.Row(y)[x]); math.Abs(v-want) > 2 {
				t.Fatalf("Resize at (%d, %d) = %v, want %.2f", y, x, v, want)
			}
		}
	}
}

func TestWarpByWholePixelsMovesThem(t *testing.T) {
	m := Filled(20, 30, 1, 255)
	for i, v := range noise(8, 8, 1, 2).Pix {
		m.Pix[(6+i/8)*30+10+i%8] = v
	}
	got := Warp(m, Translation(3, -2))
	for y := range 18 {
		if diff := cmp.Diff(m.Row(y + 2)[:27], got.Row(y)[3:]); diff != "" {
			t.Fatalf("row %d (-want +got):\n%s", y, diff)
		}
	}
	if got.Row(19)[0] != 255 {
		t.Errorf("what comes in from outside = %d, want the paper's 255", got.Row(19)[0])
	}
}

func TestWarpByATurnEqualsTurned(t *testing.T) {
	m := drawing(3)
	p := Preprocess{Height: 28, Width: 28, Channels: 1, Invert: true}
	want, got := make([]float32, p.Size()), make([]float32, p.Size())
	for turn := Upright; turn <= Mirror|TurnLeft; turn++ {
		p.Apply(want, m.Turned(turn))
		p.Warp(got, m, turn.Affine())
		for i := range want {
			if math.Abs(float64(want[i]-got[i])) > 0.01 {
				t.Fatalf("turn %s: value %d = %v, want %v", turn, i, got[i], want[i])
			}
		}
	}
}

func TestTurnedMovesCorners(t *testing.T) {
	want := map[Turn][]uint8{
		Upright: {0, 10, 20, 30, 40, 250}, TurnRight: {30, 0, 40, 10, 250, 20},
		TurnHalf: {250, 40, 30, 20, 10, 0}, TurnLeft: {20, 250, 10, 40, 0, 30},
		Mirror: {20, 10, 0, 250, 40, 30}, Mirror | TurnLeft: {0, 30, 10, 40, 20, 250},
	}
	for turn, pix := range want {
		if got := twoByThree.Turned(turn); !cmp.Equal(got.Pix, pix) {
			t.Errorf("Turned(%s) = %v, want %v", turn, got.Pix, pix)
		}
	}
}

func TestTurnThenEqualsOneAfterTheOther(t *testing.T) {
	for a := Upright; a <= Mirror|TurnLeft; a++ {
		for b := Upright; b <= Mirror|TurnLeft; b++ {
			want, got := twoByThree.Turned(a).Turned(b), twoByThree.Turned(a.Then(b))
			if !cmp.Equal(got, want) {
				t.Errorf("%s then %s = %v, want %v", a, b, got, want)
			}
		}
	}
}

// TestWarpKeepsInk: thin strokes neither vanish nor break up when they are turned and shrunk at once.
func TestWarpKeepsInk(t *testing.T) {
	m := Filled(105, 105, 1, 255)
	for y := 20; y < 85; y++ {
		m.Row(y)[52], m.Row(y)[53] = 0, 0
	}
	const ink = 65 * 2
	for _, side := range []int{28, 56} {
		p := Preprocess{Height: side, Width: side, Channels: 1, Invert: true}
		dst := make([]float32, p.Size())
		for degrees := 0.0; degrees < 180; degrees += 7 {
			p.Warp(dst, m, Rotation(degrees))
			sum, faintest := 0.0, 1.0
			for y := range side {
				for x := range side {
					sum += float64(dst[y*side+x])
				}
			}
			for r := -25.0; r <= 25; r++ { // along the stroke, from the centre, in source pixels
				dy, dx := Rotation(degrees).Apply(0, r)
				y, x := int((52.5+dx)*float64(side)/105), int((53+dy)*float64(side)/105)
				near := 0.0
				for i := -1; i <= 1; i++ {
					for j := -1; j <= 1; j++ {
						near = max(near, float64(dst[(y+i)*side+x+j]))
					}
				}
				faintest = min(faintest, near)
			}
			scale := float64(105*105) / float64(side*side)
			if got := sum * scale; math.Abs(got-ink) > 0.03*ink {
				t.Errorf("side %d, %v°: ink %.1f, want %d", side, degrees, got, ink)
			}
			if faintest < 0.25 {
				t.Errorf("side %d, %v°: the stroke fades to %.2f, want at least 0.25", side, degrees, faintest)
			}
		}
	}
}

func TestBendMovesByItsControlPoints(t *testing.T) {
	m := drawing(5)
	p := Preprocess{Height: 105, Width: 105, Channels: 1}
	want, got := make([]float32, p.Size()), make([]float32, p.Size())
	p.Warp(want, m, Translation(4, -3))
	all := Displacement{Rows: 2, Cols: 2, DX: []float32{4, 4, 4, 4}, DY: []float32{-3, -3, -3, -3}}
	p.WarpBend(got, m, Identity(), &all)
	for y := 8; y < 97; y++ {
		for x := 8; x < 97; x++ {
			if i := y*105 + x; math.Abs(float64(want[i]-got[i])) > 1e-3 {
				t.Fatalf("bent by the same everywhere, (%d, %d) = %v, want %v", y, x, got[i], want[i])
			}
		}
	}
	xs, ys := []float32{0, 0}, []float32{0, 0}
	corner := Displacement{Rows: 3, Cols: 3, DX: []float32{8, 0, 0, 0, 0, 0, 0, 0, 0}, DY: make([]float32, 9)}
	corner.move(xs, ys, 1, 4, 1, 1) // a quarter down, so half way to the second row of points; columns at 1/4 and 3/4
	if xs[0] != -2 || xs[1] != 0 {
		t.Errorf("moves = %v, want [-2 0]", xs)
	}
}

func TestAffineFollowsItsParts(t *testing.T) {
	x, y := Rotation(90).Apply(1, 0)
	if math.Abs(x) > 1e-12 || math.Abs(y-1) > 1e-12 {
		t.Errorf("Rotation(90) moves (1, 0) to (%v, %v), want (0, 1): clockwise with y down", x, y)
	}
	if x, y := Shear(0.5, 0).Apply(1, 2); x != 2 || y != 2 {
		t.Errorf("Shear(0.5, 0) moves (1, 2) to (%v, %v), want (2, 2)", x, y)
	}
	a := Shear(0.1, -0.2).Then(Rotation(30)).Then(Scaling(1.5, 0.7)).Then(Translation(3, 4))
	x, y = a.Apply(5, 6)
	wx, wy := Shear(0.1, -0.2).Apply(5, 6)
	wx, wy = Rotation(30).Apply(wx, wy)
	wx, wy = wx*1.5+3, wy*0.7+4
	if math.Abs(x-wx)+math.Abs(y-wy) > 1e-9 {
		t.Errorf("composition moves (5, 6) to (%v, %v), want (%v, %v)", x, y, wx, wy)
	}
	back, ok := a.Inverse()
	if x, y = back.Apply(x, y); !ok || math.Abs(x-5)+math.Abs(y-6) > 1e-9 {
		t.Errorf("inverse leads to (%v, %v), want (5, 6)", x, y)
	}
	for _, flat := range []Affine{{}, Scaling(0, 1), {XX: math.NaN(), YY: 1}, Translation(math.Inf(1), 0)} {
		if _, ok := flat.Inverse(); ok {
			t.Errorf("Inverse(%v) = ok, want false", flat)
		}
	}
}

func TestThickenGrowsAndShrinksStrokes(t *testing.T) {
	m := Filled(5, 5, 1, 200)
	m.Pix[12] = 0
	thick := m.Thicken(1)
	if got := []uint8{thick.Pix[12], thick.Pix[11], thick.Pix[7], thick.Pix[6]}; !cmp.Equal(got, []uint8{0, 0, 0, 200}) {
		t.Errorf("Thicken(1) centre, left, above, corner = %v, want [0 0 0 200]", got)
	}
	if got := m.Thicken(0.5).Pix[11]; got != 100 {
		t.Errorf("Thicken(0.5) beside the dot = %d, want 100", got)
	}
	if got := m.Thicken(-1).Pix[12]; got != 200 {
		t.Errorf("Thicken(-1) of the dot = %d, want 200", got)
	}
}

func TestPreprocessScalesChannels(t *testing.T) {
	p := Preprocess{Height: 1, Width: 1, Channels: 3, Invert: true, Mean: []float32{0.1, 0.2, 0.3}, Std: []float32{1, 2, 4}}
	for _, m := range []Image{{1, 1, 3, []uint8{51, 102, 255}}, {1, 1, 1, []uint8{102}}} {
		got := make([]float32, 3)
		p.Apply(got, m)
		for c, v := range m.RGB().Pix {
			want := (1 - float64(v)/255 - float64(p.Mean[c])) / float64(p.Std[c])
			if math.Abs(float64(got[c])-want) > 1e-5 {
				t.Errorf("Apply(%v) channel %d = %v, want %v", m.Pix, c, got[c], want)
			}
		}
	}
	grey := Preprocess{Height: 1, Width: 1, Channels: 1}
	got := make([]float32, 1)
	grey.Apply(got, Image{1, 1, 3, []uint8{255, 0, 0}})
	if math.Abs(float64(got[0])-0.299) > 0.002 {
		t.Errorf("Apply to grey of red = %v, want 0.299", got[0])
	}
}

func TestPreprocessValidate(t *testing.T) {
	good := Preprocess{Height: 28, Width: 28, Channels: 1, Mean: []float32{0.1}, Std: []float32{0.3}}
	if err := good.Validate(); err != nil {
		t.Errorf("Validate = %v, want nil", err)
	}
	bad := map[string]func(*Preprocess){
		"no height": func(p *Preprocess) { p.Height = 0 }, "wide": func(p *Preprocess) { p.Width = 1 << 20 },
		"channels": func(p *Preprocess) { p.Channels = 2 }, "means": func(p *Preprocess) { p.Mean = make([]float32, 3) },
		"deviations": func(p *Preprocess) { p.Std = make([]float32, 2) }, "zero": func(p *Preprocess) { p.Std = []float32{0} },
		"NaN": func(p *Preprocess) { p.Mean = []float32{float32(math.NaN())} },
	}
	for name, spoil := range bad {
		p := good
		spoil(&p)
		if p.Validate() == nil {
			t.Errorf("%s: Validate = nil, want an error", name)
		}
	}
}

func TestApplyPanicsOnWrongSizes(t *testing.T) {
	p := Preprocess{Height: 2, Width: 2, Channels: 1}
	for name, call := range map[string]func(){
		"short output": func() { p.Apply(make([]float32, 3), drawing(1)) },
		"empty image":  func() { p.Apply(make([]float32, 4), Image{C: 1}) },
		"flat map":     func() { p.Warp(make([]float32, 4), drawing(1), Affine{}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}

func ExamplePreprocess_Apply() {
	page := Filled(105, 105, 1, 255) // white paper
	p := Preprocess{Height: 28, Width: 28, Channels: 1, Invert: true}
	row := make([]float32, p.Size())
	p.Apply(row, page)
	fmt.Println(len(row), row[0])
	// Output: 784 0
}
