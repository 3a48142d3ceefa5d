package person

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/realdata"
	"github.com/siam-go/siam/onnx"
)

// fixed is a network that says the same of all, and remembers what it saw.
type fixed struct {
	values []float32
	shape  []int
	saw    *onnx.Array
}

func (f fixed) Run(_ context.Context, inputs ...onnx.Array) ([]onnx.Array, error) {
	*f.saw = inputs[0]
	return []onnx.Array{{Shape: f.shape, Values: f.values}}, nil
}

// cells is an empty output of YOLOX for 64×64 pixels and two classes, with functions to put boxes into it.
func cells() (values []float32, put func(cell, label int, score float32)) {
	const all, width = 8*8 + 4*4 + 2*2, 7
	values = make([]float32, all*width)
	return values, func(cell, label int, score float32) {
		v := values[cell*width:]
		v[0], v[1], v[2], v[3] = 0.5, 0.5, float32(math.Log(2)), float32(math.Log(3)) // 2 by 3 cells about the middle of its own
		v[4], v[5+label] = 1, score
	}
}

func TestBoxesAreInPixelsOfTheImageAndOnlyPeople(t *testing.T) {
	values, put := cells()
	put(2*8+3, 0, 0.9)  // a person about (28, 20), 16 by 24
	put(2*8+4, 0, 0.8)  // nearly the same place: suppressed
	put(6*8+6, 1, 0.9)  // something else
	put(6*8+1, 0, 0.05) // too little
	saw := onnx.Array{}
	d := &Detector{Network: fixed{values, []int{1, 84, 7}, &saw}, Side: 64, MinScore: 0.1, Overlap: 0.3}
	found, err := d.Detect(context.Background(), imgproc.Filled(32, 128, 3, 7)) // goes in at half its size
	if err != nil || len(found) != 1 {
		t.Fatalf("found %v, %v; want one", found, err)
	}
	if b := found[0].Box; math.Abs(float64(b.X-40))+math.Abs(float64(b.Y-16))+math.Abs(float64(b.W-32))+math.Abs(float64(b.H-48)) > 0.1 {
		t.Errorf("box %+v, want 40, 16, 32 by 48", b)
	}
	if first, last := saw.Values[0], saw.Values[len(saw.Values)-1]; math.Abs(float64(first-7)) > 0.01 || math.Abs(float64(last-114)) > 0.01 {
		t.Errorf("the network saw %g in the image and %g beside it, want 7 and 114", first, last)
	}
}

func TestAnotherNetworkIsAnError(t *testing.T) {
	saw := onnx.Array{}
	for _, shape := range [][]int{{84, 7}, {1, 84, 9}} {
		d := NewDetector(fixed{make([]float32, 84*7), shape, &saw})
		if _, err := d.Detect(context.Background(), imgproc.Filled(9, 9, 3, 0)); err == nil {
			t.Errorf("an output of %v is taken", shape)
		}
	}
	if _, err := NewDetector(nil).Detect(context.Background(), imgproc.Image{}); err == nil || !strings.Contains(err.Error(), "image") {
		t.Errorf("no image: %v", err)
	}
}

// TestPeopleOfAStreetAreFound compares with the truth of a public sequence.
func TestPeopleOfAStreetAreFound(t *testing.T) {
	set := realdata.Set(t, "mot15_sequences")
	folder, err := dataset.OpenFolder(set)
	if err != nil {
		t.Fatal(err)
	}
	network, err := onnx.ReadFile(realdata.Network(t, "person_detect_yolox_nano/yolox_nano.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	run, err := onnx.NewNetwork(backend, network, network.Outputs()[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	d := NewDetector(run)
	d.MinScore = 0.35
	sequences, err := mot.Read(set, mot.Truth)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(sequences, func(s mot.Sequence) bool { return s.Name == "TUD-Stadtmitte" })
	truth := sequences[at]
	right, found, all := 0, 0, 0
	for _, number := range []int{1, 60, 120, 179} {
		picture, err := imgproc.ReadFS(folder.FS, fmt.Sprintf("mot15_sequences/TUD-Stadtmitte/img1/%06d.jpg", number))
		if err != nil {
			t.Fatal(err)
		}
		boxes, err := d.Detect(context.Background(), picture)
		if err != nil {
			t.Fatal(err)
		}
		found += len(boxes)
		for _, r := range truth.Rows {
			if r.Frame != number {
				continue
			}
			all++
			for _, b := range boxes {
				if r.Box.IoU(mot.Box{X: float64(b.Box.X), Y: float64(b.Box.Y), W: float64(b.Box.W), H: float64(b.Box.H)}) >= 0.5 {
					right++
					break
				}
			}
		}
	}
	t.Logf("%d of %d people found by %d boxes", right, all, found)
	if float64(right) < 0.7*float64(all) || float64(right) < 0.8*float64(found) {
		t.Errorf("%d of %d people found by %d boxes, want seven in ten, and eight in ten boxes right", right, all, found)
	}
}
