package pairnet

import (
	"context"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"

	"github.com/siam-go/siam/boost"
	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/train"
)

func backend(t *testing.T) compute.Backend {
	t.Helper()
	b, err := cpu.New(cpu.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// small is a network that trains in a moment.
func small(topology string) Spec {
	return Spec{Topology: topology, Height: 24, Width: 12, Filters: []int{6}, Kernels: []int{5}, Hidden: []int{16}, Flow: true, Norm: true}
}

// street is the folder of an invented street, with crops of two people beside it.
func street(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := (mot.World{Frames: 12, People: 6, Seed: 1}).Write(context.Background(), filepath.Join(dir, "street")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"1_f000001.jpg", "1_f000011.jpg", "2_f000001.jpg"} {
		file := filepath.Join(dir, "crops", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		out, err := os.Create(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := jpeg.Encode(out, imgproc.Filled(40, 20, 3, 90).GoImage(), nil); err != nil {
			t.Fatal(err)
		}
		out.Close()
	}
	return dir
}

func readStreet(t *testing.T, s Spec) *dataset.Set {
	t.Helper()
	set, err := s.Read(context.Background(), street(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestReadTakesPeopleOfVideosAndCrops(t *testing.T) {
	set := readStreet(t, small(InputStacking))
	if err := set.Check(); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, item := range set.Items {
		group := set.Classes[item.Label].Group
		count[group]++
		if item.Image.H != 24 || item.Image.W != 12 {
			t.Fatalf("an image of %d×%d", item.Image.W, item.Image.H)
		}
		if group == "street" && (item.Seen.W == 0 || item.Seen.At < 12./25 && item.Seen.Next.Pix == nil) {
			t.Errorf("at %.2f s: box %v, next frame %v", item.Seen.At, item.Seen.W, item.Seen.Next.Pix != nil)
		}
		if group == "crops" && (item.Seen.W != 0 || item.Seen.Next.Pix != nil) {
			t.Errorf("a crop has a place or a next frame")
		}
	}
	if count["crops"] != 3 || count["street"] < 40 {
		t.Errorf("%v items, want 3 crops and some 70 of the street", count)
	}
	if _, err := small(InNetwork).Read(context.Background(), t.TempDir(), 1); err == nil {
		t.Error("an empty folder is read")
	}
}

func TestPairsAreOfOneOrOfTwoAndTheEarlierComesFirst(t *testing.T) {
	set := readStreet(t, small(InputStacking))
	s, err := NewSampler(Sampler{Spec: small(InputStacking), Pairs: 1, Far: 0.3, Crops: 0.3, Seed: 1}, set, func(int) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	label := map[*int8]int{}
	for i := range s.items {
		label[&s.crops[i][0]] = s.items[i].Label
	}
	same, crops := 0, 0
	rng := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		p, alike := s.Draw(rng)
		if a, b := label[&p.A[0]], label[&p.B[0]]; a == b != alike {
			t.Fatalf("a pair of %d and %d is said to be the same: %v", a, b, alike)
		}
		if p.SightB.At < p.SightA.At {
			t.Fatal("the later comes first")
		}
		if alike {
			same++
		}
		if p.SightA.Box.W == 0 {
			crops++
		} else if gap := p.SightB.At - p.SightA.At; alike && gap > 0.3 {
			t.Fatalf("%g seconds between", gap)
		}
	}
	if same < 450 || same > 750 || crops < 200 || crops > 400 {
		t.Errorf("of 1000 pairs %d are the same, %d of crops; want 500 to 650 (a lone crop has no other), 300", same, crops)
	}
	if _, err := NewSampler(Sampler{Spec: s.Spec}, set, func(l int) bool { return l == 0 }); err == nil {
		t.Error("one person alone makes pairs")
	}
}

func TestAQuestionIsOfOneVideoAndItsSecondIsTheSame(t *testing.T) {
	set := readStreet(t, small(InputStacking))
	s, err := NewSampler(Sampler{Spec: small(InputStacking), Pairs: 1, Far: 0.3, Seed: 1}, set, func(int) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	rng, asked := rand.New(rand.NewPCG(1, 2)), 0
	for range 100 {
		items := s.Question(rng, 4)
		if items == nil {
			continue
		}
		asked++
		labels := map[int]bool{}
		for _, i := range items[1:] {
			labels[s.items[i].Label] = true
			if set.Classes[s.items[i].Label].Group != "street" {
				t.Fatal("a question of two videos")
			}
		}
		if len(items) < 3 || len(items) > 4 || items[0] == items[1] || s.items[items[0]].Label != s.items[items[1]].Label || len(labels) != len(items)-1 {
			t.Fatalf("question %v of objects %v, want one, another of it, and one or two others", items, labels)
		}
	}
	if asked < 80 {
		t.Errorf("%d of 100 questions", asked)
	}
}

func TestACropShowsColoursAndMotion(t *testing.T) {
	s := Paper()
	now, next := imgproc.New(s.Height, s.Width, 3), imgproc.New(s.Height, s.Width, 3)
	at := func(x, y int) uint8 {
		return uint8(128 + 50*math.Sin(float64(x)/3) + 50*math.Sin(float64(y)/4+float64(x)/7))
	}
	for y := range s.Height {
		for x := range s.Width {
			for c := range 3 {
				now.Row(y)[3*x+c], next.Row(y)[3*x+c] = at(x, y), at(x-2, y)
			}
		}
	}
	c := s.Crop(now, next)
	middle := (s.Height/2*s.Width + s.Width/2) * Channels
	if dx := float64(c[middle+3]) / 127 * float64(scale[3]); math.Abs(dx-2) > 0.4 {
		t.Errorf("what moved by 2 moves by %.2f", dx)
	}
	dst := make([]float32, s.size())
	s.fill(dst, c, view{mirror: true})
	mirrored := (s.Height/2*s.Width + s.Width - 1 - s.Width/2) * Channels
	if dst[mirrored+3] != -float32(c[middle+3])/127 || dst[mirrored] != float32(c[middle])/127 {
		t.Errorf("mirrored: %v of %v", dst[mirrored:mirrored+5], c[middle:middle+5])
	}
	s.Flow = false
	for i, v := range s.Crop(now, next) {
		if i%Channels > 2 && v != 0 {
			t.Fatal("motion where none is wanted")
		}
	}
}

func TestAViewMovesLightensAndColoursACrop(t *testing.T) {
	s := Spec{Height: 6, Width: 4}
	c := make(Crop, s.size())
	for i := range c {
		c[i] = int8(i % 100)
	}
	plain, seen := make([]float32, s.size()), make([]float32, s.size())
	s.fill(plain, c, view{})
	s.fill(seen, c, view{dx: 1, dy: -2, light: 0.5, colour: 1, hue: math.Pi / 2})
	at := func(v []float32, y, x int) []float32 { return v[(y*s.Width+x)*Channels:][:Channels] }
	for _, p := range [][4]int{{3, 1, 1, 2}, {0, 0, 0, 1}, {2, 3, 0, 3}} { // what (y, x) shows is at (y, x) of the crop, or the nearest of it
		got, from := at(seen, p[0], p[1]), at(plain, p[2], p[3])
		want := []float32{from[0] + 0.5, -2 * from[2], 2 * from[1], from[3], from[4]}
		for k := range want {
			if math.Abs(float64(got[k]-want[k])) > 1e-6 {
				t.Errorf("channel %d at %v is %g, want %g", k, p[:2], got[k], want[k])
			}
		}
	}
}

func TestContextIsWhatBoxesSay(t *testing.T) {
	a := Sight{mot.Box{X: 10, Y: 20, W: 10, H: 20}, 1}
	b := Sight{mot.Box{X: 10, Y: 20, W: 20, H: 40}, 1.5}
	want := []float64{0.5, math.Log(2), math.Log(2), 5. / 30, 20. / 30, 10. / 30, 40. / 30, 0.25}
	got := Context(a, b)
	for i, w := range want {
		if math.Abs(float64(got[i])-w) > 1e-6 {
			t.Errorf("number %d is %g, want %g", i, got[i], w)
		}
	}
}

// answers is what a small network of a topology says of pairs after some training, and its file.
func answers(t *testing.T, topology string) (file *modelfile.File, pairs []Pair, same []bool) {
	t.Helper()
	spec := small(topology)
	s, err := NewSampler(Sampler{Spec: spec, Pairs: 32, Far: 1, Seed: 1}, readStreet(t, spec), func(int) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := train.New(backend(t), train.Task[*Batch](Pairs{spec}), train.Config{
		Optimizer: train.NewAdam(), Schedule: train.Constant(), Layer: train.Layer{Rate: 0.003}, StepsPerEpoch: 10, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range trainer.Steps(context.Background(), dataset.Prefetch(context.Background(), dataset.PrefetchOptions{End: 120}, s.Fill)) {
		if err != nil {
			t.Fatal(err)
		}
	}
	weights, err := trainer.Weights()
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		p, alike := s.Draw(rng)
		pairs, same = append(pairs, p), append(same, alike)
	}
	if file, err = NewFile(spec, weights, nil); err != nil {
		t.Fatal(err)
	}
	return file, pairs, same
}

func distances(t *testing.T, file *modelfile.File, pairs []Pair) []float64 {
	t.Helper()
	m, err := New(backend(t), file)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	d, err := m.Distances(context.Background(), pairs)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func right(d []float64, same []bool) (n int) {
	for i := range d {
		if d[i] < 0.5 == same[i] {
			n++
		}
	}
	return n
}

func TestEachTopologyLearnsWhoIsWho(t *testing.T) {
	for _, topology := range Topologies {
		file, pairs, same := answers(t, topology)
		if n := right(distances(t, file, pairs), same); n < 170 {
			t.Errorf("%s: %d of 200 pairs are right, want 170", topology, n)
		}
	}
}

func TestTreesAndFilesKeepTheirAnswers(t *testing.T) {
	file, pairs, same := answers(t, InputStacking)
	plain := distances(t, file, pairs)
	rows := make([][]float32, len(pairs))
	for i, p := range pairs {
		rows[i] = Row(plain[i], p)
	}
	settings := boost.Default()
	settings.Trees = 30
	trees, err := boost.Train(context.Background(), rows, same, settings)
	if err != nil {
		t.Fatal(err)
	}
	var spec Spec
	if err := file.DecodeSpec(&spec); err != nil {
		t.Fatal(err)
	}
	full, err := NewFile(spec, file.Weights, trees)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "m.safetensors")
	if err := full.Write(name); err != nil {
		t.Fatal(err)
	}
	read, err := modelfile.Read(name)
	if err != nil {
		t.Fatal(err)
	}
	got := distances(t, read, pairs)
	for i := range got {
		if want := 1 - trees.Probability(rows[i]); math.Abs(got[i]-want) > 1e-6 {
			t.Fatalf("pair %d: %g from the file, want %g", i, got[i], want)
		}
	}
	if with, without := right(got, same), right(plain, same); with < without-5 {
		t.Errorf("with trees %d are right, without %d", with, without)
	}
}

func TestNewRefusesWhatDoesNotFit(t *testing.T) {
	spec := small(InNetwork)
	file, err := NewFile(spec, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(backend(t), file); err == nil {
		t.Error("a model without weights is taken")
	}
	file.Kind = modelfile.Encoder
	if _, err := New(backend(t), file); err == nil || !strings.Contains(err.Error(), "reid-siamese") {
		t.Errorf("an encoder: %v", err)
	}
	for _, change := range []func(s *Spec){
		func(s *Spec) { s.Topology = "other" }, func(s *Spec) { s.Kernels = nil }, func(s *Spec) { s.Height = 4 },
		func(s *Spec) { s.Kernels = []int{30} }, func(s *Spec) { s.Hidden = []int{0} }, func(s *Spec) { s.Filters = []int{-1} },
	} {
		s := small(InNetwork)
		if change(&s); s.Check() == nil {
			t.Errorf("%+v is taken", s)
		}
	}
	if err := Paper().Check(); err != nil {
		t.Error(err)
	}
}
