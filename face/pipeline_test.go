package face

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/siam-go/siam/detect"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/onnx"
)

// spots is a network that finds a face of 32 pixels around every pure red pixel of an image, as YuNet would say it.
type spots struct{ shapes [][]int }

func (s *spots) Run(_ context.Context, inputs ...onnx.Array) ([]onnx.Array, error) {
	in := inputs[0]
	s.shapes = append(s.shapes, in.Shape)
	n, h, w := in.Shape[0], in.Shape[1], in.Shape[2]
	outputs := make([]onnx.Array, 12)
	for kind, width := range []int{1, 1, 4, 10} {
		for i, stride := range strides {
			cells := h / stride * (w / stride)
			outputs[kind*3+i] = onnx.Array{Shape: []int{n, cells, width}, Values: make([]float32, n*cells*width)}
		}
	}
	const stride = 8
	for p := range n * h * w {
		if pixel := in.Values[3*p : 3*p+3]; pixel[0] > 5 || pixel[1] > 5 || pixel[2] < 250 { // blue first
			continue
		}
		image, y, x := p/(h*w), p/w%h, p%w
		cell := image*(h/stride)*(w/stride) + y/stride*(w/stride) + x/stride
		outputs[0].Values[cell], outputs[3].Values[cell] = 1, 1
		dx, dy := float32(x%stride)/stride, float32(y%stride)/stride
		copy(outputs[6].Values[4*cell:], []float32{dx, dy, float32(math.Log(4)), float32(math.Log(4))})
		for k, q := range ArcFace() {
			outputs[9].Values[10*cell+2*k] = dx + 4*float32(q[0]-0.5)
			outputs[9].Values[10*cell+2*k+1] = dy + 4*float32(q[1]-0.5)
		}
	}
	return outputs, nil
}

// means is an encoder: the mean of the left and of the right half of each crop.
type means struct{ p imgproc.Preprocess }

func (m means) Embed(_ context.Context, crops []float32) ([][]float32, error) {
	var rows [][]float32
	for crop := range slices.Chunk(crops, m.p.Size()) {
		row := make([]float32, 2)
		for i, v := range crop {
			row[min(2*(i/m.p.Channels%m.p.Width)/m.p.Width, 1)] += 2 * v / float32(len(crop))
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// photo is grey, white from x on, with red pixels at the given places.
func photo(h, w, white int, faces ...[2]int) imgproc.Image {
	m := imgproc.Filled(h, w, 3, 100)
	for i := range m.Pix {
		if i/3%w >= white {
			m.Pix[i] = 255
		}
	}
	for _, f := range faces {
		copy(m.Pix[(f[1]*w+f[0])*3:], []uint8{255, 0, 0})
	}
	return m
}

func testPipeline() (*Pipeline, *spots) {
	network := &spots{}
	p := imgproc.Preprocess{Height: 16, Width: 16, Channels: 3}
	return &Pipeline{Detector: NewDetector(network), Encoder: means{p}, Preprocess: p, Template: ArcFace()}, network
}

func TestEmbedFindsEveryFaceOfEveryPhotograph(t *testing.T) {
	pipeline, network := testPipeline()
	photos := []imgproc.Image{
		photo(100, 120, 60, [2]int{60, 50}),
		photo(64, 64, 64),
		photo(110, 125, 125, [2]int{20, 30}, [2]int{90, 80}, [2]int{5, 100}),
	}
	faces, err := pipeline.EmbedPhotos(context.Background(), imgproc.Photos(photos...))
	if err != nil {
		t.Fatal(err)
	}
	var counts []int
	for _, list := range faces {
		counts = append(counts, len(list))
	}
	if !slices.Equal(counts, []int{1, 0, 3}) {
		t.Fatalf("faces found = %v, want 1, 0 and 3", counts)
	}
	if diff := cmp.Diff([][]int{{1, 128, 128, 3}, {1, 128, 128, 3}, {1, 128, 128, 3}}, network.shapes); diff != "" {
		t.Errorf("the network saw other shapes (-want +got):\n%s", diff)
	}
	if b := faces[0][0].Box; math.Hypot(float64(b.X-44), float64(b.Y-34)) > 0.01 || math.Abs(float64(b.W-32)) > 0.01 {
		t.Errorf("box = %v, want 32 pixels around (60, 50)", b)
	}
	if e := faces[0][0].Embedding; math.Abs(float64(e[0])-100./255) > 0.02 || e[1] < 0.95 {
		t.Errorf("embedding = %v, want grey on the left and white on the right", e)
	}
}

func TestMirrorAveragesWithTheEmbeddingOfTheMirrorImage(t *testing.T) {
	pipeline, _ := testPipeline()
	picture := []imgproc.Image{photo(96, 96, 48, [2]int{48, 48})}
	plain, _, err := pipeline.EmbedMain(context.Background(), imgproc.Photos(picture...))
	if err != nil {
		t.Fatal(err)
	}
	pipeline.Mirror = true
	both, _, err := pipeline.EmbedMain(context.Background(), imgproc.Photos(picture...))
	if err != nil {
		t.Fatal(err)
	}
	e, want := both[0].Embedding, (plain[0].Embedding[0]+plain[0].Embedding[1])/2
	if math.Abs(float64(e[0]-want)) > 1e-5 || math.Abs(float64(e[1]-want)) > 1e-5 {
		t.Errorf("mirrored embedding = %v, want %v twice", e, want)
	}
}

func TestLargePhotographsAreShrunkForTheDetectorOnly(t *testing.T) {
	pipeline, network := testPipeline()
	big := photo(1500, 2000, 1000)
	for y := range 9 {
		for x := range 9 { // survives shrinking
			copy(big.Pix[((700+y)*2000+1000+x)*3:], []uint8{255, 0, 0})
		}
	}
	faces, counts, err := pipeline.EmbedMain(context.Background(), imgproc.Photos(big))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]int{{1, 480, 640, 3}}, network.shapes); diff != "" {
		t.Errorf("the network saw other shapes (-want +got):\n%s", diff)
	}
	b := faces[0].Box
	if counts[0] == 0 || math.Abs(float64(b.X+b.W/2-1004)) > 4 || math.Abs(float64(b.Y+b.H/2-704)) > 4 || math.Abs(float64(b.W-100)) > 1 {
		t.Errorf("box = %v, want 100 pixels around (1004, 704) of the large photograph", b)
	}
}

func TestGreyPhotographsAreRead(t *testing.T) {
	pipeline, _ := testPipeline()
	faces, err := pipeline.EmbedPhotos(context.Background(), imgproc.Photos(imgproc.Filled(50, 50, 1, 128)))
	if err != nil || len(faces[0]) != 0 {
		t.Errorf("Embed of a grey photograph = %v, %v, want no face and no error", faces, err)
	}
}

func TestPhotographsWithoutPixelsAreRefused(t *testing.T) {
	pipeline, _ := testPipeline()
	if _, err := pipeline.EmbedPhotos(context.Background(), []imgproc.Photo{{}}); err == nil {
		t.Errorf("Embed of an empty image = nil, want an error")
	}
}

// overflowing is an encoder that makes infinity of every crop after the first.
type overflowing struct{ means }

func (o overflowing) Embed(ctx context.Context, crops []float32) ([][]float32, error) {
	rows, err := o.means.Embed(ctx, crops)
	for _, row := range rows[1:] {
		row[1] = float32(math.Inf(1))
	}
	return rows, err
}

func TestFacesWithoutFiniteEmbeddingsAreRefused(t *testing.T) {
	pipeline, _ := testPipeline()
	pipeline.Encoder = overflowing{means{pipeline.Preprocess}}
	photos := []imgproc.Image{photo(64, 64, 64, [2]int{30, 30}), photo(64, 64, 64, [2]int{30, 30})}
	_, err := pipeline.EmbedPhotos(context.Background(), imgproc.Photos(photos...))
	if err == nil || !strings.Contains(err.Error(), "photograph 2: the embedding of face 1 holds +Inf as number 2") {
		t.Errorf("Embed by an encoder that overflows = %v, want an error that names the second photograph", err)
	}
}

func TestMainIsLargeAndInTheMiddle(t *testing.T) {
	face := func(x, y, side float32) detect.Detection {
		return detect.Detection{Box: detect.Box{X: x, Y: y, W: side, H: side}}
	}
	picture := imgproc.New(200, 200, 3)
	for _, test := range []struct {
		faces []detect.Detection
		want  int
	}{
		{nil, -1},
		{[]detect.Detection{face(0, 0, 40), face(80, 80, 40)}, 1},
		{[]detect.Detection{face(60, 60, 90), face(90, 90, 20)}, 0},
		{[]detect.Detection{face(0, 0, 10)}, 0},
	} {
		if got := Main(test.faces, picture); got != test.want {
			t.Errorf("Main(%v) = %d, want %d", test.faces, got, test.want)
		}
	}
}

func TestPipelineEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	network := &spots{}
	p := &Pipeline{Detector: NewDetector(network), Template: ArcFace()}
	cancel()
	if _, err := p.EmbedPhotos(ctx, imgproc.Photos(imgproc.New(64, 64, 3))); !errors.Is(err, context.Canceled) || len(network.shapes) > 0 {
		t.Errorf("Embed after its context's end: %v after %d runs of the detector, want %v after none", err, len(network.shapes), context.Canceled)
	}
}

func TestASecondLookFindsSmallFaces(t *testing.T) {
	pipeline, network := testPipeline()
	big := photo(1000, 1300, 1300, [2]int{200, 300}, [2]int{1100, 900}, [2]int{560, 560}) // the last where windows overlap
	for _, test := range []struct {
		again int
		want  []detect.Point // centres of faces
	}{
		{0, nil}, // shrunk to 640 pixels, a face is a pixel no longer
		{1300, []detect.Point{{X: 200, Y: 300}, {X: 560, Y: 560}, {X: 1100, Y: 900}}},
	} {
		pipeline.Detector.LookAgain, network.shapes = test.again, nil
		faces, err := pipeline.EmbedPhotos(t.Context(), imgproc.Photos(big))
		if err != nil {
			t.Fatal(err)
		}
		var got []detect.Point
		for _, f := range faces[0] {
			got = append(got, detect.Point{X: f.Box.X + f.Box.W/2, Y: f.Box.Y + f.Box.H/2})
		}
		slices.SortFunc(got, func(a, b detect.Point) int { return int(a.X - b.X) })
		if diff := cmp.Diff(test.want, got, cmpopts.EquateApprox(0, 0.6)); diff != "" {
			t.Errorf("looking again at %d pixels, centres of faces (-want +got):\n%s", test.again, diff)
		}
		if windows := len(network.shapes) - 1; test.again > 0 && windows != 6 {
			t.Errorf("%d windows, want the 3 by 2 that cover 1300×1000 pixels with 640", windows)
		}
	}
}
