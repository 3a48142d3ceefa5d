package dataset

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/siam-go/siam/imgproc"
)

// passing yields n examples of the given labels in turn, each image different; it counts how many were asked for.
func passing(n int, labels []int, asked *int) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for i := range n {
			if asked != nil {
				*asked = i + 1
			}
			m := imgproc.Filled(8, 8, 1, uint8(i))
			m.Pix[0] = uint8(i >> 8)
			if !yield(Item{Image: m, Label: labels[i%len(labels)]}, nil) {
				return
			}
		}
	}
}

func ofStream(steps, workers int) StreamOptions {
	p := imgproc.Preprocess{Height: 8, Width: 8, Channels: 1}
	return StreamOptions{LoaderOptions: LoaderOptions{Preprocess: p, Seed: 3, Steps: steps, Workers: workers}, Classes: 3, Examples: 2, Pool: 20}
}

// streamed copies the batches of a stream.
func streamed(t *testing.T, source iter.Seq2[Item, error], o StreamOptions) (all []Batch, last error) {
	t.Helper()
	for b, err := range must[*Stream](t)(NewStream(source, o)).Batches(t.Context()) {
		if last = err; err != nil {
			break
		}
		c := *b
		c.Images, c.Labels, c.Vectors = append([]float32{}, b.Images...), append([]int32{}, b.Labels...), append([]float32{}, b.Vectors...)
		c.Groups = nil
		all = append(all, c)
	}
	return all, last
}

func TestStreamsMakeBatchesOfClasses(t *testing.T) {
	labels := []int{4, 1, 1, 7, 2, 4, 9, 2, 7, 1}
	all, err := streamed(t, passing(300, labels, nil), ofStream(0, 4))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 40 || len(all) > 50 {
		t.Errorf("%d batches of 6 out of 300 examples, want most of 50", len(all))
	}
	used := map[float32]bool{}
	for i, b := range all {
		count := map[int32]int{}
		for row, label := range b.Labels {
			count[label]++
			first, second := b.Images[row*64], b.Images[row*64+1] // i>>8 and i
			number := first*255*256 + second*255
			if used[number] {
				t.Fatalf("batch %d uses example %v again", i, number)
			}
			used[number] = true
			if want := labels[int(number+0.5)%len(labels)]; int(label) != want {
				t.Fatalf("batch %d: example %v has label %d, want %d", i, number, label, want)
			}
		}
		if b.Step != i || b.N != 6 || len(count) != 3 || count[b.Labels[0]] != 2 || count[b.Labels[2]] != 2 {
			t.Fatalf("batch %d: step %d, %d rows of labels %v, want two of three", i, b.Step, b.N, b.Labels)
		}
	}
}

func TestStreamsDoNotDependOnWorkersAndResume(t *testing.T) {
	labels := []int{0, 1, 2, 3, 4}
	want, err := streamed(t, passing(1000, labels, nil), ofStream(30, 1))
	if err != nil || len(want) != 30 {
		t.Fatalf("%d batches, %v, want 30", len(want), err)
	}
	got, err := streamed(t, passing(1000, labels, nil), ofStream(30, 7))
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("7 workers, %v (-want +got):\n%s", err, diff)
	}
	o := ofStream(12, 3)
	o.Start = 18
	got, err = streamed(t, passing(1000, labels, nil), o)
	if diff := cmp.Diff(want[18:], got); diff != "" || err != nil {
		t.Errorf("from step 18 on, %v (-want +got):\n%s", err, diff)
	}
	asked := 0
	if _, err := streamed(t, passing(100000, labels, &asked), ofStream(5, 2)); err != nil || asked > 20+6*(5+perWorker*2) {
		t.Errorf("%d examples read for 5 batches, %v, want about 50", asked, err)
	}
}

func TestStreamsEndWithTheirSourcesErrors(t *testing.T) {
	broken := errors.New("the camera is gone")
	labels := []int{0, 1, 2, 3}
	failing := func(fail func(yield func(Item, error) bool)) iter.Seq2[Item, error] {
		return func(yield func(Item, error) bool) {
			for it, err := range passing(60, labels, nil) {
				if !yield(it, err) {
					return
				}
			}
			fail(yield)
		}
	}
	for want, source := range map[string]iter.Seq2[Item, error]{
		"stream batches: the camera is gone":                 failing(func(yield func(Item, error) bool) { yield(Item{}, broken) }),
		"stream batches: the source panics: no more film":    failing(func(func(Item, error) bool) { panic("no more film") }),
		"has label -1, want 0 to 2147483647":                 failing(func(yield func(Item, error) bool) { yield(Item{Label: -1}, nil) }),
		"image of 0×0 pixels is empty":                       failing(func(yield func(Item, error) bool) { yield(Item{Label: 1}, nil) }),
		"among 20 examples that wait, 1 classes have 2":      passing(1000, []int{5}, nil),
		"it is a vector of 2 numbers, want 0 as others have": passing2(),
	} {
		for _, workers := range []int{1, 5} {
			if _, err := streamed(t, source, ofStream(0, workers)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%d workers: %v, want an error with %q", workers, err, want)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	last := error(nil)
	for _, err := range must[*Stream](t)(NewStream(passing(1<<30, labels, nil), ofStream(0, 2))).Batches(ctx) {
		if last = err; err != nil {
			break
		}
		cancel()
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("after the context's end: %v, want %v", last, context.Canceled)
	}
}

// passing2 yields vectors.
func passing2() iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for i := range 200 {
			if !yield(Item{Vector: []float32{float32(i), 1}, Label: i % 4}, nil) {
				return
			}
		}
	}
}

func TestStreamsOfVectors(t *testing.T) {
	o := ofStream(4, 2)
	o.Preprocess = imgproc.Preprocess{}
	all, err := streamed(t, passing2(), o)
	if err != nil || len(all) != 4 {
		t.Fatalf("%d batches, %v, want 4", len(all), err)
	}
	for _, b := range all {
		for row, label := range b.Labels {
			if v := b.Vectors[2*row:]; int32(v[0])%4 != label || v[1] != 1 || len(b.Vectors) != 12 || len(b.Images) > 0 {
				t.Fatalf("row %d: vector %v of label %d among %d numbers", row, v[:2], label, len(b.Vectors))
			}
		}
	}
}

func TestStreamsRefuseBadSettings(t *testing.T) {
	for name, change := range map[string]func(*StreamOptions){
		"one class": func(o *StreamOptions) { o.Classes = 1 }, "no examples": func(o *StreamOptions) { o.Examples = 0 },
		"a small pool": func(o *StreamOptions) { o.Pool = 5 }, "negative": func(o *StreamOptions) { o.Steps = -1 },
		"an older model":    func(o *StreamOptions) { o.Old = [][]float32{{1}} },
		"augmented vectors": func(o *StreamOptions) { o.Preprocess, o.Augment = imgproc.Preprocess{}, KochDistortions() },
	} {
		o := ofStream(1, 1)
		change(&o)
		if _, err := NewStream(passing2(), o); err == nil {
			t.Errorf("%s: NewStream = nil, want an error", name)
		}
	}
}

func TestSetsOfVectorsAreLoaded(t *testing.T) {
	s := &Set{Name: "readings"}
	for i := range 12 {
		if i%3 == 0 {
			s.Classes = append(s.Classes, Class{Name: string(rune('a' + i))})
		}
		s.Items = append(s.Items, Item{Vector: []float32{float32(i), float32(-i)}, Label: i / 3})
	}
	sampler := must[*ClassSampler](t)(NewClassSampler(s, ClassOptions{Classes: 2, Examples: 2, Seed: 1}))
	for _, b := range batches(t, must[*Loader](t)(NewLoader(s, sampler, LoaderOptions{Steps: 3}))) {
		for row, item := range b.Items {
			if v := b.Vectors[2*row : 2*row+2]; v[0] != float32(item) || v[1] != float32(-item) || len(b.Images) > 0 {
				t.Fatalf("row %d of item %d: vector %v", row, item, v)
			}
		}
	}
	s.Items[5].Vector = []float32{1}
	if err := s.Check(); err == nil || !strings.Contains(err.Error(), "item 5") {
		t.Errorf("Check of vectors of two lengths = %v, want an error that names item 5", err)
	}
}
