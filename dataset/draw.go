package dataset

import (
	"fmt"
	"math/rand/v2"

	"github.com/siam-go/siam/imgproc"
)

// Augmentation draws what is to happen to one image before it enters a batch. [Augment] is one. One of your own may start from
// what Augment draws and change it, or set Change to what it does to pixels. It may have a method Validate() error, which is asked
// before the first batch. It is used by several goroutines at once.
type Augmentation interface {
	// Draw takes all its chances from rng, so that a batch depends on its seed alone. m is the image and p how it becomes an
	// input.
	Draw(rng *rand.Rand, m imgproc.Image, p imgproc.Preprocess) Draw
}

// Draw is what an [Augmentation] drew for one image. The same draw moves the image, its masks, boxes and points alike:
//
//	view := d.Image(input, p, m) // the image as the encoder sees it
//	view.Mask(cover, mask)       // and what belongs to it
//	box = view.Box(box)
//
// The zero Draw is no augmentation.
type Draw struct {
	// Move is an affine map about the image's centre, in its pixels; the zero value moves nothing.
	Move imgproc.Affine
	Bend *imgproc.Displacement // comes after Move; nil for none
	// Change redraws the image before it is moved, nil for not at all. It returns an image of the same size, and must not write to
	// the one it is given, which is the data set's own.
	Change  func(m imgproc.Image) imgproc.Image
	Thicken float64    // in pixels of the image, from -1 to 1, after Change
	Light   *LightDraw // nil for none
}

// Draw picks the values of one image, each from its range.
func (a Augment) Draw(rng *rand.Rand, m imgproc.Image, p imgproc.Preprocess) Draw {
	if a == (Augment{}) || rng.Float64() < a.Keep {
		return Draw{}
	}
	d := Draw{Move: a.affine(rng, float64(m.W), float64(m.H)), Bend: a.bend(rng, float64(m.W))}
	if a.Thicken != (Range{}) {
		d.Thicken = a.Thicken.draw(rng)
	}
	if a.Mirror > 0 && rng.Float64() < a.Mirror {
		d.Move = imgproc.Scaling(-1, 1).Then(d.Move)
	}
	d.Light = a.Light.draw(rng, p)
	return d
}

// Image writes to dst [p.Height, p.Width, p.Channels] what the encoder sees of m, and returns where that lies, for all that belongs
// to m. It panics when Change makes an image of another size, and where [imgproc.Preprocess.WarpBend] does.
func (d Draw) Image(dst []float32, p imgproc.Preprocess, m imgproc.Image) imgproc.View {
	if d.Change != nil {
		changed := d.Change(m)
		if changed.H != m.H || changed.W != m.W {
			panic(fmt.Sprintf("dataset: Draw.Change made %d×%d pixels of %d×%d: a part of the image is for Draw.Move to choose",
				changed.W, changed.H, m.W, m.H))
		}
		m = changed
	}
	m = m.Thicken(d.Thicken)
	view := p.View(m, d.move(), d.Bend)
	view.Image(dst, m)
	d.Light.change(dst, p)
	return view
}

func (d Draw) move() imgproc.Affine {
	if d.Move == (imgproc.Affine{}) {
		return imgproc.Identity()
	}
	return d.Move
}

// write makes one row of a batch out of an item.
func (it Item) write(dst []float32, p imgproc.Preprocess, a Augmentation, rng *rand.Rand) {
	m, turn := it.Image, it.Turn.Affine()
	if m.H != m.W && it.Turn != imgproc.Upright {
		m, turn = it.Pixels(), imgproc.Identity()
	}
	var d Draw
	if a != nil {
		d = a.Draw(rng, m, p)
	}
	d.Move = turn.Then(d.move())
	d.Image(dst, p, m)
}
