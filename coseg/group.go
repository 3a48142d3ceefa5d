package coseg

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/siam-go/siam/imgproc"
)

// Mask is what a group says of one of its images.
type Mask struct {
	// Probability [h, w], of the image's size, in [0, 1]: how likely each pixel is of an object that the group shares. An image whose
	// Present is false has it all the same.
	Probability []float32
	H, W        int
	// Presence in [0, 1] is how sure the group is that the image shows an object that it shares; Present compares it with the
	// model's threshold.
	Presence float64
	Present  bool
}

// NewMask is a mask [h·w] that is given, and certain.
func NewMask(bits []bool, h, w int) Mask {
	m := Mask{Probability: make([]float32, len(bits)), H: h, W: w, Presence: 1, Present: true}
	for i, on := range bits {
		if on {
			m.Probability[i] = 1
		}
	}
	return m
}

// Bits is the mask [h·w]: nothing where no object is present.
func (m Mask) Bits() []bool {
	bits := make([]bool, len(m.Probability))
	for i, p := range m.Probability {
		bits[i] = m.Present && p > 0.5
	}
	return bits
}

// Area is the part of the image that the mask covers, in [0, 1].
func (m Mask) Area() float64 {
	n := 0
	for _, on := range m.Bits() {
		if on {
			n++
		}
	}
	return float64(n) / float64(max(1, len(m.Probability)))
}

// Segment says of each image of a group what it shares with the others. Each image's mask logits are averaged over the others, which
// weigh as much as the two find an object in each other, and as much as the whole group agrees that the other has it; so pictures that
// lack the object do not count. The result does not depend on the order. A group has two images or more.
func (m *Model) Segment(ctx context.Context, images ...imgproc.Image) ([]Mask, error) {
	if len(images) < 2 {
		return nil, fmt.Errorf("co-segmentation of %d image: what is shared takes two or more", len(images))
	}
	group := make([]Encoded, len(images))
	for i, image := range images {
		var err error
		if group[i], err = m.Encode(ctx, image); err != nil {
			return nil, fmt.Errorf("image %d: %w", i+1, err)
		}
	}
	return m.SegmentEncoded(ctx, group)
}

// SegmentEncoded is [Model.Segment] of images that are encoded already. In a group of more than [AllPairs] images each is compared with
// the representatives only, so that the time grows with the number of images, not with its square.
func (m *Model) SegmentEncoded(ctx context.Context, group []Encoded) ([]Mask, error) {
	if m.Untrained {
		return m.segmentUntrained(ctx, group)
	}
	others := representatives(group)
	seen := map[[2]int]look{}
	for _, i := range others {
		for _, j := range others {
			if i < j {
				var err error
				if seen[[2]int{i, j}], seen[[2]int{j, i}], err = m.looks(ctx, group[i], group[j]); err != nil {
					return nil, err
				}
			}
		}
	}
	standing := standings(others, seen)
	masks := make([]Mask, len(group))
	for i := range group {
		var looks []look
		for k, j := range others {
			if i == j {
				continue
			}
			found, known := seen[[2]int{i, j}]
			if !known {
				var err error
				if found, _, err = m.looks(ctx, group[i], group[j]); err != nil {
					return nil, err
				}
			}
			found.weight = standing[k]
			looks = append(looks, found)
		}
		masks[i] = m.join(group[i], looks)
	}
	return masks, nil
}

// look is what one image of a pair shows of what the other shows too.
type look struct {
	logits   []float32
	presence float64 // in [0, 1]: how sure the pair is that it shares something
	weight   float64 // how much it counts among others
}

// looks are those of a at b and of b at a.
func (m *Model) looks(ctx context.Context, a, b Encoded) (there, back look, err error) {
	if there.logits, back.logits, err = m.bothWays(ctx, a, b); err != nil {
		return there, back, err
	}
	sure := m.presence(m.sureness(a, b, there.logits, back.logits))
	there.presence, back.presence = sure, sure
	return there, back, nil
}

// standings say of some images of a group how much the others agree, among themselves too, that it has what they share: the leading
// eigenvector of the presences of pairs, by power iteration, its largest value 1.
func standings(images []int, seen map[[2]int]look) []float64 {
	s := make([]float64, len(images))
	for k := range s {
		s[k] = 1
	}
	for range 30 {
		next := make([]float64, len(s))
		for k, i := range images {
			next[k] = 1e-6 * s[k] // and where no pair shares anything, all stand the same
			for l, j := range images {
				next[k] += seen[[2]int{i, j}].presence * s[l]
			}
		}
		most := slices.Max(next)
		for k := range next {
			s[k] = next[k] / most
		}
	}
	return s
}

// bothWays are the mask logits of a against b, and of b against a.
func (m *Model) bothWays(ctx context.Context, a, b Encoded) (there, back []float32, err error) {
	if there, err = m.Logits(ctx, a, b); err != nil {
		return nil, nil, err
	}
	back, err = m.Logits(ctx, b, a)
	return there, back, err
}

// AllPairs is the largest group of which all pairs are compared; larger ones have as many representatives.
const AllPairs = 16

// representatives are the images of a group that all are compared with: all of them, or the [AllPairs] that sum it up: the one most like
// the group's mean, and by turns the one that is least like those before, by the means of their coarsest maps; none of one colour, where
// others are enough. The order of the group plays no part but for ties.
func representatives(group []Encoded) []int {
	var all, shows []int
	for i, e := range group {
		all = append(all, i)
		if !e.plain {
			shows = append(shows, i)
		}
	}
	switch {
	case len(group) <= AllPairs:
		return all
	case len(shows) < 2: // an image needs another
		shows = all
	}
	if len(shows) <= AllPairs {
		return shows
	}
	summaries := make([][]float32, len(shows))
	sum := make([]float32, len(group[0].summary()))
	for k, i := range shows {
		summaries[k] = group[i].summary()
		for c, v := range summaries[k] {
			sum[c] += v
		}
	}
	like := make([]float32, len(shows)) // the largest cosine with one that is chosen
	next := 0
	for k, s := range summaries {
		if inner(s, sum) > inner(summaries[next], sum) {
			next = k
		}
		like[k] = -2
	}
	var chosen []int
	for len(chosen) < AllPairs {
		chosen = append(chosen, shows[next])
		latest := summaries[next]
		for k, s := range summaries {
			like[k] = max(like[k], inner(s, latest))
		}
		for k := range like {
			if like[k] < like[next] {
				next = k
			}
		}
	}
	return chosen
}

// summary is the direction of the mean of an image's coarsest map.
func (e Encoded) summary() []float32 {
	last := e.maps[len(e.maps)-1]
	c := last.Shape[3]
	sum := make([]float32, c)
	for i, v := range last.Values {
		sum[i%c] += v
	}
	scaleTo1(sum)
	return sum
}

// presence in [0, 1] is how sure two images are of what they share; the model's calibration is the middle.
func (m *Model) presence(sureness float64) float64 { return logistic(sureness - m.offset) }

// join averages what an image shows, seen with others, by how sure these pairs are, and their presences.
func (m *Model) join(e Encoded, looks []look) Mask {
	sum := make([]float64, len(looks[0].logits))
	var mask Mask
	total, weights := 0.0, 0.0
	for _, l := range looks {
		weight := l.weight + 1e-6 // where nobody stands for anything, all count the same
		mask.Presence += weight * l.presence
		weights += weight
		weight *= l.presence + 1e-6
		total += weight
		for k, x := range l.logits {
			sum[k] += weight * float64(x)
		}
	}
	probability := make([]float32, len(sum))
	for k, x := range sum {
		probability[k] = float32(logistic(x / total))
	}
	mask.Presence /= weights
	mask.Present = mask.Presence >= m.Threshold
	h, w := m.Spec.OutputSize()
	mask.Probability, mask.H, mask.W = e.toImage(probability, h, w)
	return mask
}

// toImage brings probabilities [h, w] of the network's input to the pixels of the image, and their edges to the image's.
func (e Encoded) toImage(values []float32, h, w int) ([]float32, int, int) {
	full := enlarge(values, h, w, e.input.Height, e.input.Width)
	return refine(e.grey, e.view.MaskBack(full), e.grey.H, e.grey.W), e.grey.H, e.grey.W
}

// For is the mask of a larger copy of the image that it was found in, its edges moved to those that show there: a photograph is segmented
// as a small copy, and only its mask is as large as it is. It panics where image has no pixels.
func (m Mask) For(image imgproc.Image) Mask {
	m.Probability = refine(image.Grey(), m.Probability, m.H, m.W)
	m.H, m.W = image.H, image.W
	return m
}

// Sureness is how sure two images together are that they share something, as a logit that no calibration has moved.
func (m *Model) Sureness(ctx context.Context, a, b Encoded) (float64, error) {
	there, back, err := m.bothWays(ctx, a, b)
	if err != nil {
		return 0, err
	}
	return m.sureness(a, b, there, back), nil
}

// nowhere is a sureness that no calibration takes for an object.
const nowhere = -100

// likenessScale makes a logit of the cosine of two objects.
const likenessScale = 8

// sureness is that of two images with the mask logits of a against b and of b against a: the mean of how sure both masks are that there is
// something and, where the network has learned it, how alike the objects are that they show. With an image of one colour it is [nowhere].
func (m *Model) sureness(a, b Encoded, there, back []float32) float64 {
	if a.plain || b.plain {
		return nowhere
	}
	sure := (highest(there) + highest(back)) / 2
	if m.Spec.Likeness {
		sure += likenessScale * float64(inner(m.shown(a, there), m.shown(b, back))) / float64(len(a.projected))
	}
	return sure
}

// shown is what an image shows where its mask logits say so, as [Likeness] has it of an object.
func (m *Model) shown(e Encoded, logits []float32) []float32 {
	var all []float32
	height, width := m.Spec.OutputSize()
	for _, x := range e.projected {
		h, w, c := x.Shape[1], x.Shape[2], x.Shape[3]
		shares, mean := make([]float32, h*w), make([]float32, c)
		for p, l := range logits {
			shares[p/width*h/height*w+p%width*w/width] += float32(logistic(float64(l)))
		}
		for i, v := range x.Values[:h*w*c] {
			mean[i%c] += shares[i/c] * v
		}
		scaleTo1(mean)
		all = append(all, mean...)
	}
	return all
}

// highest is the mean of the largest hundredth of logits.
func highest(logits []float32) float64 {
	sorted := slices.Clone(logits)
	slices.Sort(sorted)
	most := sorted[len(sorted)-max(1, len(sorted)/100):]
	sum := 0.0
	for _, x := range most {
		sum += float64(x)
	}
	return sum / float64(len(most))
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// enlarge interpolates values [h, w] linearly to [height, width].
func enlarge(values []float32, h, w, height, width int) []float32 {
	if h == height && w == width {
		return values
	}
	out, lefts, shares := make([]float32, height*width), make([]int, width), make([]float32, width)
	for x := range width {
		lefts[x], shares[x] = between(x, width, w)
	}
	for y := range height {
		top, dy := between(y, height, h)
		upper, lower := values[top*w:][:w], values[min(top+1, h-1)*w:][:w]
		for x, left := range lefts {
			right, dx := min(left+1, w-1), shares[x]
			out[y*width+x] = (upper[left]*(1-dx)+upper[right]*dx)*(1-dy) + (lower[left]*(1-dx)+lower[right]*dx)*dy
		}
	}
	return out
}

// between is the place, among from, of the middle of pixel i of to: the pixel before it and how far behind that it is.
func between(i, to, from int) (before int, share float32) {
	at := (float64(i)+0.5)*float64(from)/float64(to) - 0.5
	at = min(max(at, 0), float64(from-1))
	return int(at), float32(at - math.Floor(at))
}

// Against is the mask of one image of what it shares with others, its logits averaged over them, each counting the same; so does its
// presence.
func (m *Model) Against(ctx context.Context, e Encoded, others ...Encoded) (Mask, error) {
	if m.Untrained {
		masks, err := m.segmentUntrained(ctx, append([]Encoded{e}, others...))
		if err != nil {
			return Mask{}, err
		}
		return masks[0], nil
	}
	looks := make([]look, len(others))
	presence := 0.0
	for j, other := range others {
		found, _, err := m.looks(ctx, e, other)
		if err != nil {
			return Mask{}, err
		}
		presence += found.presence / float64(len(others))
		looks[j] = look{found.logits, 1, 1}
	}
	mask := m.join(e, looks)
	mask.Presence, mask.Present = presence, presence >= m.Threshold
	return mask, nil
}
