package coseg

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
)

// World is a generated world: families of textured objects over textured backgrounds, without end, the same ones for the same seed.
type World struct {
	Seed uint64
	Side int // of its pictures, pixels
}

// Scene is a picture of objects of some families, the later in front of the earlier.
type Scene struct {
	Families   []int
	Background int
}

// family is what all objects of a family have in common.
type family struct {
	waves   [4][2]float64 // amplitude and phase of the outline's radius
	reach   float64       // no radius is longer
	long    float64       // height by width
	texture texture
}

// texture is a pattern of two colours.
type texture struct {
	kind       int // stripes, checks, dots, rings, clouds
	colours    [2][3]float64
	wavelength float64 // in halves of an object, or of a picture
}

const textureKinds = 5

func newTexture(rng *rand.Rand) texture {
	t := texture{kind: rng.IntN(textureKinds), wavelength: 0.3 + 0.5*rng.Float64()}
	for i := range t.colours {
		for c := range 3 {
			t.colours[i][c] = 255 * rng.Float64()
		}
	}
	return t
}

func (w World) family(number int) family {
	rng := rand.New(rand.NewPCG(w.Seed, uint64(number)*2))
	f := family{reach: 1, long: math.Exp(0.7 * (rng.Float64() - 0.5)), texture: newTexture(rng)}
	for k := range f.waves {
		f.waves[k] = [2]float64{0.45 * rng.Float64() / math.Sqrt(float64(k+1)), 2 * math.Pi * rng.Float64()}
		f.reach += f.waves[k][0]
	}
	return f
}

// at is how far the second colour shows at a place, in [0, 1].
func (t texture) at(x, y float64) float64 {
	f := 2 * math.Pi / t.wavelength
	switch t.kind {
	case 0:
		return 0.5 + 0.5*math.Tanh(4*math.Sin(f*x))
	case 1:
		return 0.5 + 0.5*math.Tanh(4*math.Sin(f*x)*math.Sin(f*y))
	case 2:
		return 0.5 + 0.5*math.Tanh(4*(math.Cos(f*x)+math.Cos(f*y)-0.8))
	case 3:
		return 0.5 + 0.5*math.Tanh(4*math.Sin(f*math.Hypot(x, y)))
	}
	return 0.5 + 0.25*(math.Sin(f*x+2*math.Sin(0.7*f*y))+math.Sin(0.8*f*y+2*math.Sin(0.6*f*x)))
}

// colour is the texture's at a place.
func (t texture) colour(x, y float64) (rgb [3]float64) {
	share := t.at(x, y)
	for c := range rgb {
		rgb[c] = t.colours[0][c]*(1-share) + t.colours[1][c]*share
	}
	return rgb
}

// placed is one object in a picture.
type placed struct {
	family
	x, y, size, cos, sin, light float64
}

func (w World) place(number int, rng *rand.Rand) placed {
	turn := 2 * math.Pi * rng.Float64()
	side := float64(w.Side)
	return placed{
		family: w.family(number), size: side * (0.16 + 0.12*rng.Float64()), cos: math.Cos(turn), sin: math.Sin(turn),
		x: side * (0.2 + 0.6*rng.Float64()), y: side * (0.2 + 0.6*rng.Float64()), light: 0.8 + 0.4*rng.Float64(),
	}
}

// covers says whether the object is at a pixel, and where in the object that is.
func (p placed) covers(x, y float64) (u, v float64, inside bool) {
	dx, dy := (x-p.x)/p.size, (y-p.y)/p.size
	u, v = p.cos*dx+p.sin*dy, p.cos*dy-p.sin*dx
	away := math.Hypot(u*p.long, v/p.long)
	if away > p.reach {
		return u, v, false
	}
	angle := math.Atan2(v/p.long, u*p.long)
	radius := 1.0
	for k, wave := range p.waves {
		radius += wave[0] * math.Cos(float64(k+2)*angle+wave[1])
	}
	return u, v, away < radius
}

// Draw paints a scene. owner [h·w] says of every pixel which of the scene's objects it shows, −1 for the background.
func (w World) Draw(s Scene, rng *rand.Rand) (picture imgproc.Image, owner []int) {
	ground := newTexture(rand.New(rand.NewPCG(w.Seed, uint64(s.Background)*2+1)))
	ground.wavelength *= 1 + rng.Float64()
	var objects []placed
	for _, number := range s.Families {
		objects = append(objects, w.place(number, rng))
	}
	picture, owner = imgproc.New(w.Side, w.Side, 3), make([]int, w.Side*w.Side)
	half, shift := float64(w.Side)/2, 4*rng.Float64()
	for i := range owner {
		x, y := float64(i%w.Side)+0.5, float64(i/w.Side)+0.5
		rgb, light := ground.colour(x/half+shift, y/half), 1.0
		owner[i] = -1
		for k, o := range slices.Backward(objects) {
			if u, v, inside := o.covers(x, y); inside {
				rgb, light, owner[i] = o.texture.colour(u, v), o.light, k
				break
			}
		}
		for c, v := range rgb {
			picture.Pix[3*i+c] = uint8(min(max(v*light+10*rng.NormFloat64(), 0), 255))
		}
	}
	return picture, owner
}

// Item is a scene with the mask of some of its families.
func (w World) Item(s Scene, wanted []int, rng *rand.Rand) dataset.Item {
	picture, owner := w.Draw(s, rng)
	mask := imgproc.New(w.Side, w.Side, 1)
	for i, k := range owner {
		if k >= 0 && slices.Contains(wanted, s.Families[k]) {
			mask.Pix[i] = 255
		}
	}
	return dataset.Item{Image: picture, Mask: mask}
}

// Pair is two scenes that share some families and have distractors besides, each its own, or that share nothing at all. The background
// may be the same.
func (w World) Pair(families int, empty bool, rng *rand.Rand) [2]dataset.Item {
	order := rng.Perm(families)
	next := func(n int) (some []int) { some, order = order[:n], order[n:]; return some }
	var shared []int
	if !empty {
		shared = next(1 + rng.IntN(2))
	}
	ground := rng.IntN(families)
	var pair [2]dataset.Item
	for i := range pair {
		scene := Scene{Families: append(slices.Clone(shared), next(1+rng.IntN(2))...), Background: ground}
		rng.Shuffle(len(scene.Families), func(a, b int) { scene.Families[a], scene.Families[b] = scene.Families[b], scene.Families[a] })
		if rng.IntN(2) == 0 {
			scene.Background = rng.IntN(families)
		}
		pair[i] = w.Item(scene, shared, rng)
	}
	return pair
}

// Set is a data set of families, from the number first on, each with images that show it among others.
func (w World) Set(first, families, images int) *dataset.Set {
	s := &dataset.Set{Name: "generated"}
	for label := range families {
		s.Classes = append(s.Classes, dataset.Class{Name: familyName(first + label)})
	}
	for number, scene := range w.scenes(first, families, images) {
		label := number / images
		item := w.Item(scene, []int{first + label}, rand.New(rand.NewPCG(w.Seed^0x5eed, uint64(number))))
		item.Label = label
		s.Items = append(s.Items, item)
	}
	return s
}

// scenes are those of a set, one class's after another's: of its family and of a distractor that no other scene has. So two of one class
// share its family, and two of different ones nothing.
func (w World) scenes(first, families, images int) []Scene {
	rng := rand.New(rand.NewPCG(w.Seed, 0x5eed))
	scenes := make([]Scene, families*images)
	for i := range scenes {
		shown := []int{first + i/images, first + families + i}
		rng.Shuffle(2, func(a, b int) { shown[a], shown[b] = shown[b], shown[a] })
		scenes[i] = Scene{Families: shown, Background: rng.IntN(1000)}
	}
	return scenes
}

func familyName(number int) string { return "family" + strconv.Itoa(number) }
