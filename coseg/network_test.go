package coseg

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/onnx"
	"github.com/siam-go/siam/train"
)

// tiny is a network that trains within seconds.
func tiny(t *testing.T) Spec {
	t.Helper()
	spec, err := NewSpec(Small, 32)
	if err != nil {
		t.Fatal(err)
	}
	spec.Widths, spec.Decoder = []int{12, 16, 24}, []int{24, 16, 12}
	if err := spec.Check(); err != nil {
		t.Fatal(err)
	}
	return spec
}

func newTrainer(t *testing.T, b compute.Backend, spec Spec) *train.Trainer[*Batch] {
	t.Helper()
	trainer, err := train.New(b, train.Task[*Batch](Pairs{Network: Network{Spec: spec}}), train.Config{
		Optimizer: train.NewAdam(), Layer: train.Layer{Rate: 4e-3}, StepsPerEpoch: 10, Seed: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return trainer
}

func opened(t *testing.T, b compute.Backend, spec Spec, weights []modelfile.Tensor) *Model {
	t.Helper()
	file, err := NewFile(spec, weights, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(b, file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// untaught is a model of a tiny network with the weights that it begins with.
func untaught(t *testing.T) *Model {
	t.Helper()
	b, spec := backend(t), tiny(t)
	weights, err := newTrainer(t, b, spec).Weights()
	if err != nil {
		t.Fatal(err)
	}
	return opened(t, b, spec, weights)
}

func TestALightNetworkLearnsWhatGeneratedPairsShare(t *testing.T) {
	b, spec := backend(t), tiny(t)
	sampler := &Sampler{Spec: spec, World: World{Seed: 3, Side: 32}, Pairs: 8, Generated: 1, Negatives: 0.2, Families: 200, Seed: 1}
	trainer := newTrainer(t, b, spec)
	var first, last float64
	const steps = 70
	for step, err := range trainer.Steps(t.Context(), dataset.Prefetch(t.Context(), dataset.PrefetchOptions{End: steps}, sampler.Fill)) {
		if err != nil {
			t.Fatal(err)
		}
		if step.Number <= 10 {
			first += step.Loss / 10
		}
		if step.Number > steps-10 {
			last += step.Loss / 10
		}
	}
	if last > 0.85*first {
		t.Errorf("mean loss of the last ten steps %.3f, of the first %.3f: want 85 %% of it at most", last, first)
	}
}

func TestAGroupsMasksDoNotDependOnItsOrder(t *testing.T) {
	m := untaught(t)
	var images []imgproc.Image
	for i, size := range [][2]int{{40, 30}, {20, 50}, {1, 1}, {32, 32}} {
		world := World{Seed: uint64(i), Side: 64}
		picture, _ := world.Draw(Scene{Families: []int{1, 2}}, rand.New(rand.NewPCG(1, 2)))
		images = append(images, imgproc.Resize(picture, size[0], size[1]))
	}
	want, err := m.Segment(t.Context(), images...)
	if err != nil {
		t.Fatal(err)
	}
	for _, order := range [][]int{{3, 2, 1, 0}, {1, 0, 3, 2}} {
		var turned []imgproc.Image
		for _, i := range order {
			turned = append(turned, images[i])
		}
		got, err := m.Segment(t.Context(), turned...)
		if err != nil {
			t.Fatal(err)
		}
		for k, i := range order {
			if got[k].H != images[i].H || got[k].W != images[i].W || len(got[k].Probability) != images[i].H*images[i].W {
				t.Fatalf("mask of %d×%d for an image of %d×%d", got[k].W, got[k].H, images[i].W, images[i].H)
			}
			if math.Abs(got[k].Presence-want[i].Presence) > 1e-5 {
				t.Errorf("presence %v in another order %v", want[i].Presence, got[k].Presence)
			}
			for p := range want[i].Probability {
				if math.Abs(float64(got[k].Probability[p]-want[i].Probability[p])) > 1e-4 {
					t.Fatalf("probability %v in another order %v", want[i].Probability[p], got[k].Probability[p])
				}
			}
		}
	}
}

func TestALargeGroupIsComparedWithItsRepresentatives(t *testing.T) {
	m := blank(t)
	encoded, _ := scenes(t, m, AllPairs+3)
	want := representatives(encoded)
	slices.Sort(want)
	if len(slices.Compact(slices.Clone(want))) != AllPairs {
		t.Fatalf("representatives %v, want %d different ones", want, AllPairs)
	}
	turned := slices.Clone(encoded)
	slices.Reverse(turned)
	var got []int
	for _, i := range representatives(turned) {
		got = append(got, len(encoded)-1-i)
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("representatives %v in another order %v", want, got)
	}
	masks, err := m.SegmentEncoded(t.Context(), encoded)
	if err != nil || len(masks) != len(encoded) {
		t.Fatalf("%d masks, %v", len(masks), err)
	}
	seen := map[[2]int]look{}
	for _, i := range want {
		for _, j := range want {
			if i < j {
				if seen[[2]int{i, j}], seen[[2]int{j, i}], err = m.looks(t.Context(), encoded[i], encoded[j]); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	standing := standings(want, seen)
	outside := 0
	for i := range encoded {
		if !slices.Contains(want, i) {
			outside = i
		}
	}
	for _, i := range []int{want[0], outside} { // each as against the others by hand
		var looks []look
		for k, j := range want {
			if j == i {
				continue
			}
			l, _, err := m.looks(t.Context(), encoded[i], encoded[j])
			if err != nil {
				t.Fatal(err)
			}
			l.weight = standing[k]
			looks = append(looks, l)
		}
		if mask := m.join(encoded[i], looks); math.Abs(mask.Presence-masks[i].Presence) > 1e-6 {
			t.Errorf("presence of image %d is %v, want %v", i, masks[i].Presence, mask.Presence)
		}
	}
}

func TestStandingsAreTheLeadingEigenvectorOfThePresences(t *testing.T) {
	images, seen := []int{7, 3, 5, 1}, map[[2]int]look{}
	for i, row := range [][]float64{{0, 0.9, 0.8, 0.1}, {0.9, 0, 0.7, 0.3}, {0.8, 0.7, 0, 0.2}, {0.1, 0.3, 0.2, 0}} {
		for j, v := range row {
			seen[[2]int{images[i], images[j]}] = look{presence: v}
		}
	}
	for k, want := range []float64{1, 0.99083, 0.93400, 0.34893} { // by numpy.linalg.eigh
		if got := standings(images, seen)[k]; math.Abs(got-want) > 1e-4 {
			t.Errorf("standing %d is %.5f, want %v", k, got, want)
		}
	}
	none := standings(images, map[[2]int]look{})
	if !slices.Equal(none, []float64{1, 1, 1, 1}) {
		t.Errorf("standings of images that share nothing %v, want all 1", none)
	}
}

func TestBadGroupsAreErrors(t *testing.T) {
	b, spec := backend(t), tiny(t)
	weights, err := newTrainer(t, b, spec).Weights()
	if err != nil {
		t.Fatal(err)
	}
	m := opened(t, b, spec, weights)
	good := imgproc.New(4, 4, 3)
	if _, err := m.Segment(t.Context(), good); err == nil || !strings.Contains(err.Error(), "two or more") {
		t.Errorf("a group of one: %v", err)
	}
	if _, err := m.Segment(t.Context(), good, imgproc.Image{}); err == nil || !strings.HasPrefix(err.Error(), "image 2: ") {
		t.Errorf("an empty image: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Segment(ended, good, good); err == nil {
		t.Error("no error after the context's end")
	}
	weights[0].Shape = []int{len(weights[0].Values)}
	file, _ := NewFile(spec, weights, nil)
	if _, err := New(b, file); err == nil || !strings.Contains(err.Error(), weights[0].Name+" have shape") {
		t.Errorf("weights of another architecture: %v", err)
	}
	if _, err := New(b, &modelfile.File{Kind: modelfile.Encoder, Spec: []byte("{}")}); err == nil || !strings.Contains(err.Error(), "an encoder of embeddings") {
		t.Errorf("an encoder: %v", err)
	}
}

func TestAnImageOfOneColourSharesNothing(t *testing.T) {
	m := untaught(t)
	m.offset = -50 // so that all that shows anything is present
	spotted := imgproc.Filled(40, 30, 3, 255)
	spotted.Pix[3] = 0
	white := imgproc.Filled(40, 30, 3, 255)
	for name, test := range map[string]struct {
		group []imgproc.Image
		there bool
	}{
		"two of one colour": {[]imgproc.Image{white, white}, false},
		"one of one colour": {[]imgproc.Image{spotted, white}, false},
		"one pixel":         {[]imgproc.Image{imgproc.New(1, 1, 3), spotted}, false},
		"one pixel differs": {[]imgproc.Image{spotted, spotted}, true},
	} {
		masks, err := m.Segment(t.Context(), test.group...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, mask := range masks {
			if mask.Present != test.there {
				t.Errorf("%s, image %d: present %v with %v, want %v", name, i+1, mask.Present, mask.Presence, test.there)
			}
		}
	}
}

// TestAnImageOfOneColourMatchesNothing asks a model that has learned nothing of masks, and one that follows a mask.
func TestAnImageOfOneColourMatchesNothing(t *testing.T) {
	m := blank(t)
	encoded, items := scenes(t, m, 2)
	for _, colour := range []uint8{0, 255} {
		plain, err := m.Encode(t.Context(), imgproc.Filled(64, 64, 3, colour))
		if err != nil {
			t.Fatal(err)
		}
		half := make([]bool, 64*64)
		for i := range half {
			half[i] = i < len(half)/2
		}
		followed, err := m.Follow(t.Context(), encoded[0], bitsOf(items[0].Mask), plain)
		if err != nil || followed[0].Present || followed[0].Presence > 1e-6 {
			t.Errorf("level %d, following a mask: present with %v (%v)", colour, followed[0].Presence, err)
		}
		if followed, err = m.Follow(t.Context(), plain, half, encoded...); err != nil || followed[0].Present || followed[1].Present {
			t.Errorf("level %d, followed from it: present with %v and %v (%v)", colour, followed[0].Presence, followed[1].Presence, err)
		}
		m.Untrained = true
		for name, group := range map[string][]Encoded{"alone": {plain, plain, plain}, "with others": {plain, encoded[0], encoded[1]}} {
			masks, err := m.SegmentEncoded(t.Context(), group)
			if err != nil {
				t.Fatal(err)
			}
			if masks[0].Present || masks[0].Presence > 1e-6 {
				t.Errorf("level %d, without training, %s: present with %v", colour, name, masks[0].Presence)
			}
		}
		m.Untrained = false
	}
}

func TestFollowingGoesByTheModelsPresence(t *testing.T) {
	m := blank(t)
	encoded, items := scenes(t, m, 2)
	for _, threshold := range []float64{0, 1} {
		m.Threshold = threshold
		masks, err := m.Follow(t.Context(), encoded[0], bitsOf(items[0].Mask), encoded[1])
		if err != nil || masks[0].Presence >= 1 || masks[0].Present != (threshold == 0) {
			t.Errorf("from presence %v on: %v is present: %v (%v)", threshold, masks[0].Presence, masks[0].Present, err)
		}
	}
}

// ending is a context that ends when it has been asked a number of times.
type ending struct {
	context.Context
	left int
}

func (e *ending) Err() error {
	if e.left--; e.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestAnEndAtAnyMomentIsAnError(t *testing.T) {
	m := blank(t)
	encoded, items := scenes(t, m, 3)
	mask := bitsOf(items[0].Mask)
	for name, ask := range map[string]func(context.Context) error{
		"Sureness":       func(ctx context.Context) error { _, err := m.Sureness(ctx, encoded[0], encoded[1]); return err },
		"Against":        func(ctx context.Context) error { _, err := m.Against(ctx, encoded[0], encoded[1:]...); return err },
		"SegmentEncoded": func(ctx context.Context) error { _, err := m.SegmentEncoded(ctx, encoded); return err },
		"Points":         func(ctx context.Context) error { _, err := m.Points(ctx, encoded[0], encoded[1]); return err },
		"Alikes":         func(ctx context.Context) error { _, err := m.Alikes(ctx, encoded[0], encoded[1]); return err },
		"Follow":         func(ctx context.Context) error { _, err := m.Follow(ctx, encoded[0], mask, encoded[1:]...); return err },
		"untrained": func(ctx context.Context) error {
			m.Untrained = true
			defer func() { m.Untrained = false }()
			_, err := m.SegmentEncoded(ctx, encoded)
			return err
		},
	} {
		moments := 0
		for ; ask(&ending{t.Context(), moments}) != nil; moments++ {
		}
		if moments == 0 {
			t.Errorf("%s never asks whether its context has ended", name)
		}
	}
}

// TestThePublishedNetworkHasItsShapes records the network of 512 pixels, without running it.
func TestThePublishedNetworkHasItsShapes(t *testing.T) {
	spec, err := NewSpec(DOCS, 0)
	if err != nil {
		t.Fatal(err)
	}
	network, count := Network{Spec: spec}, 0
	store := model.NewStore()
	err = encoder.Record(backend(t), store, func(scope *model.Scope, g *Graph) {
		maps := network.Encode(scope, Parameter(g, "x", shapes.Make(dtypes.Float32, 1, 512, 512, 3)))
		if got := maps[0].Shape().Dimensions; !slices.Equal(got, []int{1, 16, 16, 1024}) {
			t.Errorf("feature map %v, want [1 16 16 1024]", got)
		}
		if got := network.Compare(scope, maps, maps).Shape().Dimensions; !slices.Equal(got, []int{1, 512, 512}) {
			t.Errorf("mask logits %v, want [1 512 512]", got)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for v := range store.IterVariables() {
		count += v.Shape().Size()
		if v.Path() == "/decoder/conv7/weights" && !slices.Equal(v.Shape().Dimensions, []int{3, 3, 512 + 961, 1024}) {
			t.Errorf("conv7 has weights %v, want 1473 channels in", v.Shape().Dimensions)
		}
	}
	if count < 60e6 || count > 90e6 {
		t.Errorf("%d parameters, want about 70 million", count)
	}
}

func TestThePublishedNetworkRunsSmall(t *testing.T) {
	b := backend(t)
	spec, err := NewSpec(DOCS, 32)
	if err != nil {
		t.Fatal(err)
	}
	weights, err := newTrainer(t, b, spec).Weights()
	if err != nil {
		t.Fatal(err)
	}
	m := opened(t, b, spec, weights)
	masks, err := m.Segment(t.Context(), imgproc.Filled(20, 30, 3, 90), imgproc.Filled(32, 32, 3, 10))
	if err != nil || len(masks) != 2 || len(masks[0].Probability) != 600 {
		t.Fatalf("%d masks, %v", len(masks), err)
	}
}

func TestDepthToSpace(t *testing.T) {
	in := tensors.FromFlatDataAndDimensions([]float32{1, 2, 3, 4, 5, 6, 7, 8}, 1, 1, 2, 4)
	out := MustExecOnce(backend(t), DepthToSpace, in)
	if got, want := tensors.MustCopyFlatData[float32](out), []float32{1, 2, 5, 6, 3, 4, 7, 8}; !slices.Equal(got, want) {
		t.Errorf("DepthToSpace = %v, want %v", got, want)
	}
}

func TestCrossEntropyIsTheFormulaAndStaysFinite(t *testing.T) {
	x := []float32{-3, 0, 2, -1000, 1000, 0.5}
	y := []float32{0, 1, 0.3, 1, 0, 1}
	out := MustExecOnce(backend(t), CrossEntropy, tensors.FromFlatDataAndDimensions(x, 6), tensors.FromFlatDataAndDimensions(y, 6))
	for i, got := range tensors.MustCopyFlatData[float32](out) {
		p := 1 / (1 + math.Exp(-float64(x[i])))
		want := -(float64(y[i])*math.Log(p) + (1-float64(y[i]))*math.Log(1-p))
		if math.Abs(float64(x[i])) == 1000 {
			want = 1000
		}
		if math.Abs(float64(got)-want) > 1e-5*want+1e-6 {
			t.Errorf("CrossEntropy(%v, %v) = %v, want %v", x[i], y[i], got, want)
		}
	}
}

func TestCentredMapsHaveNoMeanOverTheirPairs(t *testing.T) {
	const h, w, c = 2, 3, 2
	x := make([]float32, 4*h*w*c) // two pairs: rows 0 and 2, and 1 and 3
	for i := range x {
		x[i] = float32(i*i%13) + float32(i/(h*w*c))
	}
	out := MustExecOnce(backend(t), centred, tensors.FromFlatDataAndDimensions(slices.Clone(x), 4, h, w, c))
	got := tensors.MustCopyFlatData[float32](out)
	for i := range x {
		pair, k, sum := i/(h*w*c)%2, i%c, 0.0
		for j := range x {
			if j/(h*w*c)%2 == pair && j%c == k {
				sum += float64(x[j])
			}
		}
		if want := float64(x[i]) - sum/(2*h*w); math.Abs(float64(got[i])-want) > 1e-4 {
			t.Fatalf("centred(%d) = %v, want %v", i, got[i], want)
		}
	}
}

func TestOverlapIsTheSoftJaccardOfWhatCounts(t *testing.T) {
	x := []float32{-2, 3, 0.5, 1, -100, -100, -100, -100}
	y := []float32{0, 1, 1, 0, 0, 0, 0, 0}
	w := []float32{1, 1, 0.5, 0, 1, 1, 1, 1}
	dims := []int{2, 2, 2}
	of := func(v []float32) *tensors.Tensor { return tensors.FromFlatDataAndDimensions(v, dims...) }
	out := MustExecOnce(backend(t), Overlap, of(x), of(y), of(w))
	for i, got := range tensors.MustCopyFlatData[float32](out) {
		both, either := 1.0, 1.0
		for k := 4 * i; k < 4*i+4; k++ {
			p := 1 / (1 + math.Exp(-float64(x[k])))
			both += float64(w[k]) * p * float64(y[k])
			either += float64(w[k]) * (p + float64(y[k]) - p*float64(y[k]))
		}
		if want := 1 - both/either; math.Abs(float64(got)-want) > 1e-5 {
			t.Errorf("Overlap of image %d = %v, want %v", i, got, want)
		}
	}
}

func TestLikenessContrastsTheObjectsOfClasses(t *testing.T) {
	const images, channels = 4, 3
	random := rand.New(rand.NewPCG(8, 8))
	objects := make([]float32, images*16)
	for i := range objects {
		objects[i] = float32(random.IntN(2))
	}
	classes := []int32{3, 5, 3, 3}
	inputs := []any{tensors.FromFlatDataAndDimensions(objects, images, 4, 4), tensors.FromFlatDataAndDimensions(classes, images)}
	means := make([][]float64, images)
	for _, side := range []int{2, 4} { // two maps, of which each place has four pixels or one
		x := make([]float32, images*side*side*channels)
		for i := range x {
			x[i] = random.Float32() - 0.5
		}
		inputs = append(inputs, tensors.FromFlatDataAndDimensions(x, images, side, side, channels))
		for i := range images {
			mean, length := make([]float64, channels), 0.0
			for p := range 16 {
				at := (i*side+p/4*side/4)*side + p%4*side/4
				for c := range channels {
					mean[c] += float64(objects[16*i+p]) * float64(x[at*channels+c])
				}
			}
			for _, v := range mean {
				length += v * v
			}
			for _, v := range mean {
				means[i] = append(means[i], v/math.Sqrt(length))
			}
		}
	}
	got := tensors.ToScalar[float32](MustExecOnce(backend(t), func(in []*Node) *Node { return Likeness(in[2:], in[0], in[1]) }, inputs...))
	want, anchors := 0.0, 0.0
	for i := range images {
		all, same, positives := 0.0, 0.0, 0.0
		for j := range images {
			if i == j {
				continue
			}
			cosine := 0.0
			for c, v := range means[i] {
				cosine += v * means[j][c] / 2 // of two directions each
			}
			all += math.Exp(cosine / 0.1)
			if classes[i] == classes[j] {
				same, positives = same+cosine/0.1, positives+1
			}
		}
		if positives > 0 {
			want, anchors = want+math.Log(all)-same/positives, anchors+1
		}
	}
	if want /= anchors; math.Abs(float64(got)-want) > 1e-4 {
		t.Errorf("likeness %v, want %v", got, want)
	}
}

func TestSurenessCountsHowAlikeTheObjectsAre(t *testing.T) {
	m := &Model{Spec: tiny(t)}
	m.Spec.Likeness = true
	h, w := m.Spec.OutputSize()
	projection := func(left, right float32) onnx.Array { // [2, 1, 2, 2]: one direction on the left, another on the right; then the mirror image
		return onnx.Array{Shape: []int{2, 1, 2, 2}, Values: []float32{left, 0, 0, right, 0, right, left, 0}}
	}
	logits := func(left, right float32) []float32 {
		all := make([]float32, h*w)
		for p := range all {
			all[p] = left
			if p%w >= w/2 {
				all[p] = right
			}
		}
		return all
	}
	a := Encoded{projected: []onnx.Array{projection(3, 2)}}
	for _, c := range []struct {
		name        string
		there, back []float32
		want        float64
	}{
		{"the same object", logits(30, -30), logits(30, -30), 30 + 8},
		{"one object and another", logits(30, -30), logits(-30, 30), 30},
		{"one object and both", logits(30, -30), logits(30, 30), 30 + 8*3/math.Sqrt(13)},
	} {
		if got := m.sureness(a, a, c.there, c.back); math.Abs(got-c.want) > 1e-4 {
			t.Errorf("%s: sureness %v, want %v", c.name, got, c.want)
		}
	}
	m.Spec.Likeness = false
	if got := m.sureness(a, a, logits(30, -30), logits(-30, 20)); math.Abs(got-25) > 1e-4 {
		t.Errorf("without likeness sureness is %v, want 25", got)
	}
}

func TestImagesOfOneColourRepresentNoLargeGroup(t *testing.T) {
	m := blank(t)
	encoded, _ := scenes(t, m, AllPairs+2)
	var plain []Encoded
	for level := range uint8(2 * AllPairs) {
		e, err := m.Encode(t.Context(), imgproc.Filled(8, 8, 3, 7*level))
		if err != nil {
			t.Fatal(err)
		}
		plain = append(plain, e)
	}
	first := len(plain) // of those that show something
	for _, shown := range []int{2, 3, AllPairs, AllPairs + 2} {
		chosen := representatives(slices.Concat(plain, encoded[:shown]))
		slices.Sort(chosen)
		if want := min(shown, AllPairs); len(slices.Compact(chosen)) != want || chosen[0] < first {
			t.Errorf("%d pictures behind %d images of one colour are represented by %v, want %d of the pictures", shown, first, chosen, want)
		}
	}
	for _, shown := range []int{0, 1} {
		masks, err := m.SegmentEncoded(t.Context(), slices.Concat(plain, encoded[:shown]))
		if err != nil || slices.ContainsFunc(masks, func(mask Mask) bool { return mask.Presence > 1e-3 }) {
			t.Errorf("%d pictures among images of one colour: %v, and something is present", shown, err)
		}
	}
}

// TestAPresenceBeforeIsWhatTheOldCalibrationGaveToTheMiddleOfTheNew finds the middle by bisection.
func TestAPresenceBeforeIsWhatTheOldCalibrationGaveToTheMiddleOfTheNew(t *testing.T) {
	calibrated := func(threshold float32) *modelfile.File {
		return &modelfile.File{Calibration: &modelfile.Calibration{Threshold: threshold}}
	}
	for _, c := range []struct{ was, is float32 }{{0.5, 0.5}, {0.0001, 0.2}, {0.7, 0.001}} {
		is := calibrated(c.is)
		old, now := &Model{offset: offset(calibrated(c.was))}, &Model{offset: offset(is)}
		low, high := -50.0, 50.0
		for range 100 {
			if middle := (low + high) / 2; now.presence(middle) < DefaultPresence {
				low = middle
			} else {
				high = middle
			}
		}
		if got, want := PresenceBefore(is, calibrated(c.was).Calibration), old.presence(low); math.Abs(got-want) > 1e-9 {
			t.Errorf("from %v to %v: presence %v before, want %v", c.was, c.is, got, want)
		}
	}
	if got := PresenceBefore(calibrated(0.25), nil); math.Abs(got-0.75) > 1e-6 {
		t.Errorf("presence %v before any calibration, want 0.75: the distance is 1 less it", got)
	}
}
