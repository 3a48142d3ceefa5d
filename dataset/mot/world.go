package mot

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/atomicfile"
)

// World is an invented street: figures in coloured clothes cross it, hide each other, leave and come back, and a detector sees them with misses,
// false boxes and scores. All of its truth is known. The same numbers make the same world.
type World struct {
	Frames int
	People int // at once, or gone for a while
	Seed   uint64
	Moving bool // whether the camera sways
}

// The street, in pixels, and its frames a second.
const (
	worldWidth, worldHeight = 640, 360
	worldRate               = 25
)

// walker is one figure.
type walker struct {
	x, y   float64 // of the feet, in the street
	vx, vy float64 // pixels a frame
	height float64
	away   int       // frames until it is back
	cloth  [4][3]int // colours of hair, coat, its stripes and trousers
	stripe int
}

// worldFrame is what there is in one frame.
type worldFrame struct {
	boxes    []Row // the truth, those in front last
	visible  []float64
	walkers  []walker
	dx, dy   float64 // how the camera moved since the first frame
	detected []Row
}

// run calls do for each frame.
func (w World) run(ctx context.Context, do func(number int, f worldFrame) error) error {
	rng := rand.New(rand.NewPCG(w.Seed, 7))
	walkers := make([]walker, w.People)
	for i := range walkers {
		walkers[i] = newWalker(rng)
		walkers[i].x = worldWidth * rng.Float64()
	}
	for number := 1; number <= w.Frames; number++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		f := worldFrame{}
		if w.Moving {
			s := float64(number) / worldRate
			f.dx, f.dy = 30*math.Sin(0.9*s), 6*math.Sin(2.1*s)
		}
		for i := range walkers {
			walkers[i].step(rng)
		}
		f.see(walkers)
		f.detect(rng)
		if err := do(number, f); err != nil {
			return err
		}
	}
	return nil
}

func newWalker(rng *rand.Rand) walker {
	near := rng.Float64()
	k := walker{y: 170 + 170*near, height: 90 + 90*near, stripe: rng.IntN(4)}
	k.vx = (1 + 2*rng.Float64()) * k.height / 100
	if rng.IntN(2) == 0 {
		k.vx = -k.vx
	}
	for part := range k.cloth {
		for c := range 3 {
			k.cloth[part][c] = 30 + rng.IntN(200)
		}
	}
	return k
}

// step moves a walker on. One that has left comes back after a while, with the same clothes.
func (k *walker) step(rng *rand.Rand) {
	if k.away > 0 {
		if k.away--; k.away == 0 {
			k.vx = -k.vx
		}
		return
	}
	k.x += k.vx
	k.y = min(max(k.y+k.vy, 165), 345)
	switch rng.IntN(150) {
	case 0:
		k.vx = -k.vx
	case 1:
		k.vy = rng.Float64() - 0.5
	}
	if k.x < -k.height/3 || k.x > worldWidth+k.height/3 {
		k.away = 20 + rng.IntN(100)
	}
}

// box is where a walker is in the picture.
func (k *walker) box(dx, dy float64) Box {
	w := 0.4 * k.height
	return Box{k.x - w/2 + dx, k.y - k.height + dy, w, k.height}
}

// see lists who is in the picture, from the back to the front, and how much of each can be seen.
func (f *worldFrame) see(walkers []walker) {
	order := make([]int, len(walkers))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		if walkers[a].y < walkers[b].y {
			return -1
		}
		return 1
	})
	frame := Box{0, 0, worldWidth, worldHeight}
	for _, i := range order {
		b := walkers[i].box(f.dx, f.dy)
		if walkers[i].away > 0 || b.Overlap(frame) < 0.3*b.Area() {
			continue
		}
		f.boxes = append(f.boxes, Row{ID: i + 1, Box: b, Score: 1})
		f.walkers = append(f.walkers, walkers[i])
	}
	for i := range f.boxes {
		left := f.boxes[i].Box.Overlap(frame)
		for _, front := range f.boxes[i+1:] {
			left -= f.boxes[i].Box.Overlap(front.Box)
		}
		f.visible = append(f.visible, max(left, 0)/f.boxes[i].Box.Area())
	}
}

// detect makes what a detector says of the frame.
func (f *worldFrame) detect(rng *rand.Rand) {
	add := func(b Box, jitter, sure float64) {
		n := func() float64 { return jitter * b.H * rng.NormFloat64() }
		score := 1 / (1 + math.Exp(-(sure + 0.8*rng.NormFloat64())))
		f.detected = append(f.detected, Row{ID: -1, Box: Box{b.X + n(), b.Y + n(), max(b.W+n(), 4), max(b.H+n(), 8)}, Score: score})
	}
	for i, r := range f.boxes {
		if seen := f.visible[i]; rng.Float64() < 0.95*min(1, seen*1.6) {
			add(r.Box, 0.02, 4*seen-1)
		}
	}
	for rng.IntN(4) == 0 {
		h := 60 + 100*rng.Float64()
		add(Box{worldWidth * rng.Float64(), (worldHeight - h) * rng.Float64(), 0.4 * h, h}, 0, -0.5)
	}
}

// draw paints the frame.
func (f *worldFrame) draw() imgproc.Image {
	m := imgproc.New(worldHeight, worldWidth, 3)
	for y := range m.H {
		row := m.Row(y)
		for x := range m.W {
			sx, sy := x-int(math.Round(f.dx)), y-int(math.Round(f.dy))
			v := 150 + 18*((sx>>5^sy>>5)&1) + (sx*7+sy*13)&15
			if sy < 130 {
				v = 190 - 30*((sx/40+sy/26)&1)
			}
			row[3*x], row[3*x+1], row[3*x+2] = uint8(v), uint8(v), uint8(min(v+8, 255))
		}
	}
	for i := range f.walkers {
		f.walkers[i].draw(m, f.boxes[i].Box)
	}
	return m
}

// draw paints a figure: head, coat with stripes, legs that swing.
func (k *walker) draw(m imgproc.Image, b Box) {
	for y := max(int(b.Y), 0); y < min(int(b.Y+b.H), m.H); y++ {
		down := (float64(y) - b.Y) / b.H
		for x := max(int(b.X), 0); x < min(int(b.X+b.W), m.W); x++ {
			across := (float64(x)-b.X)/b.W*2 - 1
			if c, inside := k.colour(across, down); inside {
				p := m.Row(y)[3*x:]
				p[0], p[1], p[2] = uint8(c[0]), uint8(c[1]), uint8(c[2])
			}
		}
	}
}

// colour is a figure's at a place, across in [-1, 1] and down in [0, 1].
func (k *walker) colour(across, down float64) (c [3]int, inside bool) {
	switch {
	case down < 0.17:
		return k.cloth[0], (across/0.4)*(across/0.4)+((down-0.085)/0.085)*((down-0.085)/0.085) < 1
	case down < 0.55:
		if int(down*40)%4 == k.stripe {
			return k.cloth[2], math.Abs(across) < 0.8
		}
		return k.cloth[1], math.Abs(across) < 0.8
	}
	swing := 0.25 + 0.35*math.Abs(math.Sin(k.x/k.height*6))*(down-0.55)/0.45
	return k.cloth[3], math.Abs(math.Abs(across)-swing) < 0.2
}

// Sequences are the truth and the detections, without pictures.
func (w World) Sequences(ctx context.Context) (truth, detections Sequence, err error) {
	truth = Sequence{Name: "street", Format: "mot", Info: Info{Frames: w.Frames, Rate: worldRate, Width: worldWidth, Height: worldHeight}}
	detections = truth
	err = w.run(ctx, func(number int, f worldFrame) error {
		truth.Rows = append(truth.Rows, numbered(f.boxes, number)...)
		detections.Rows = append(detections.Rows, numbered(f.detected, number)...)
		return nil
	})
	return truth, detections, err
}

func numbered(rows []Row, frame int) []Row {
	for i := range rows {
		rows[i].Frame = frame
	}
	return rows
}

// Pictures calls do for each frame's number, with what draws the frame: one that is not drawn costs nothing.
func (w World) Pictures(ctx context.Context, do func(number int, draw func() imgproc.Image) error) error {
	return w.run(ctx, func(number int, f worldFrame) error { return do(number, f.draw) })
}

// Write puts the world at dir, where nothing may be yet, as MOTChallenge lays a sequence out: img1, det/det.txt, gt/gt.txt, seqinfo.ini.
func (w World) Write(ctx context.Context, dir string) error {
	return atomicfile.Folder(dir, func(partial string) error {
		for _, inner := range []string{"img1", "gt", "det"} {
			if err := os.MkdirAll(filepath.Join(partial, inner), 0o755); err != nil {
				return err
			}
		}
		var truth, found Sequence
		err := w.run(ctx, func(number int, f worldFrame) error {
			truth.Rows = append(truth.Rows, numbered(f.boxes, number)...)
			found.Rows = append(found.Rows, numbered(f.detected, number)...)
			var b bytes.Buffer
			if err := jpeg.Encode(&b, f.draw().GoImage(), &jpeg.Options{Quality: 88}); err != nil {
				return err
			}
			return put(filepath.Join(partial, "img1", fmt.Sprintf("%06d.jpg", number)), b.Bytes())
		})
		if err != nil {
			return err
		}
		for name, s := range map[string]Sequence{"gt": truth, "det": found} {
			text, err := Format(s, "mot")
			if err != nil {
				return err
			}
			if err := put(filepath.Join(partial, name, name+".txt"), text); err != nil {
				return err
			}
		}
		return put(filepath.Join(partial, "seqinfo.ini"), fmt.Appendf(nil, "[Sequence]\nname=%s\nimDir=img1\nframeRate=%d\nseqLength=%d\nimWidth=%d\nimHeight=%d\nimExt=.jpg\n",
			filepath.Base(dir), worldRate, w.Frames, worldWidth, worldHeight))
	})
}

func put(file string, content []byte) error {
	return atomicfile.Write(file, func(out io.Writer) error {
		_, err := out.Write(content)
		return err
	})
}
