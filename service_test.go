package siam_test

import (
	"context"
	"errors"
	"image"
	"image/color"
	"math"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
)

// watched is a white image of 20×20 pixels that tells when its first pixel is read.
type watched func()

func (w watched) ColorModel() color.Model { return color.GrayModel }
func (w watched) Bounds() image.Rectangle { return image.Rect(0, 0, 20, 20) }
func (w watched) At(x, y int) color.Color {
	if x == 0 && y == 0 {
		w()
	}
	return color.White
}

func TestEmbedRefusesWhatIsNoImageBeforeItReadsAny(t *testing.T) {
	m := open(t)
	good := watched(func() { t.Error("a good image was read beside one that is none") })
	var typed *image.RGBA
	for name, test := range map[string]struct {
		image image.Image
		want  string
	}{
		"nil":         {nil, "embed image 61: image is nil"},
		"a typed nil": {typed, "embed image 61: image is a nil *image.RGBA"},
		"empty":       {image.NewGray(image.Rect(0, 0, 0, 5)), "embed image 61: image of 0×5 pixels is empty"},
		"huge":        {image.White, "embed image 61: image of 2000000000×2000000000 pixels is larger"},
	} {
		images := slices.Repeat([]image.Image{good}, 64)
		images[60] = test.image
		if _, err := m.Embed(t.Context(), images...); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Embed of 64 images, one %s: %v, want %q", name, err, test.want)
		}
	}
}

func TestEmbedImagesRefusesWhatIsNoImage(t *testing.T) {
	m := open(t)
	for want, picture := range map[string]imgproc.Image{
		"image of 0×0 pixels is empty":              {},
		"image has 5 bytes, want 4×4×3":             {H: 4, W: 4, C: 3, Pix: make([]uint8, 5)},
		"image has 4 channels, want 1 or":           {H: 4, W: 4, C: 4, Pix: make([]uint8, 64)},
		"image of 1048576×1048576 pixels is larger": {H: 1 << 20, W: 1 << 20, C: 1},
	} {
		images := slices.Repeat([]imgproc.Image{imgproc.New(20, 20, 3)}, 64)
		images[60] = picture
		if _, err := m.EmbedImages(t.Context(), images); err == nil || !strings.Contains(err.Error(), "embed image 61: "+want) {
			t.Errorf("EmbedImages: %v, want one that says image 61, %q", err, want)
		}
	}
}

func TestImageThatPanicsIsAnErrorOfItsCall(t *testing.T) {
	m := open(t)
	images := make([]image.Image, 64)
	for i := range images {
		images[i] = noise(uint64(i), 20, 20)
	}
	images[7] = watched(func() { panic("the file was deleted") })
	_, err := m.Embed(t.Context(), images...)
	if err == nil || !strings.Contains(err.Error(), "embed image 8: ") || !strings.Contains(err.Error(), "the file was deleted") {
		t.Errorf("Embed of 64 images, one of which panics: %v, want an error that names it", err)
	}
}

func TestEmbedEndsWithItsContextWhileItPrepares(t *testing.T) {
	m := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var read atomic.Int32
	images := make([]image.Image, 1000)
	for i := range images {
		images[i] = watched(func() { read.Add(1); cancel() })
	}
	if _, err := m.Embed(ctx, images...); !errors.Is(err, context.Canceled) {
		t.Errorf("Embed: %v, want %v", err, context.Canceled)
	}
	if n := int(read.Load()); n > runtime.GOMAXPROCS(0) {
		t.Errorf("Embed reads %d images after its context's end, want one per core at most", n)
	}
	if _, err := m.Embed(ctx, images[0]); !errors.Is(err, context.Canceled) {
		t.Errorf("Embed after the context's end: %v, want %v", err, context.Canceled)
	}
}

// brokenModel has a weight that is no number.
func brokenModel(t *testing.T) string {
	t.Helper()
	file, err := modelfile.Read(strokes)
	if err != nil {
		t.Fatal(err)
	}
	file.Weights[0].Values[0] = float32(math.NaN())
	path := filepath.Join(t.TempDir(), "broken.safetensors")
	if err := file.Write(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestNotANumberIsNoEmbedding(t *testing.T) {
	path := brokenModel(t)
	m, err := siam.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	a := readImage("testdata/a.png")
	for name, do := range map[string]func() error{
		"Embed":       func() error { _, err := m.Embed(t.Context(), a); return err },
		"EmbedImages": func() error { _, err := m.EmbedImages(t.Context(), []imgproc.Image{imgproc.FromImage(a)}); return err },
		"Compare":     func() error { _, err := m.Compare(t.Context(), a, a); return err },
	} {
		if err := do(); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "embed image 1: ") {
			t.Errorf("%s with a broken model: %v, want an error that names the model and the image", name, err)
		}
	}
}

func TestCompareEmbeddingsChecksThem(t *testing.T) {
	m := open(t)
	rows := embed(t, m, readImage("testdata/a.png"), readImage("testdata/other.png"))
	got, err := m.CompareEmbeddings(rows[0], rows[1])
	if want := m.Distance(rows[0], rows[1]); err != nil || got.Same || got.Distance != want {
		t.Errorf("CompareEmbeddings = %v, %v, want different by %v", got, err, want)
	}
	broken := slices.Clone(rows[1])
	broken[3] = float32(math.Inf(1))
	for want, b := range map[string][]float32{
		"embedding 2 has 31 numbers, want 32": rows[1][:31], "embedding 2 has 0 numbers": nil, "embedding 2 holds +Inf": broken,
	} {
		if verdict, err := m.CompareEmbeddings(rows[0], b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("CompareEmbeddings = %v, %v, want an error with %q", verdict, err, want)
		}
	}
}

// Many goroutines with one image each: every one gets what it gets alone, to the bit, whatever it is embedded with.
func TestModelServesManyGoroutines(t *testing.T) {
	m := open(t)
	const callers = 32
	images, want := make([]image.Image, callers), make([][]float32, callers)
	for i := range images {
		images[i] = noise(uint64(i), 20+i%7, 25)
		want[i] = embed(t, m, images[i])[0]
	}
	var wait sync.WaitGroup
	for i := range callers {
		wait.Go(func() {
			for k := range 10 {
				rows, err := m.Embed(t.Context(), images[i], images[k])
				if err != nil || !slices.Equal(rows[0], want[i]) || !slices.Equal(rows[1], want[k]) {
					t.Errorf("Embed(image %d, image %d) beside others = %v, %v, want %v, %v", i, k, rows, err, want[i], want[k])
				}
			}
		})
	}
	wait.Wait()
}

func TestClosedModelSaysSo(t *testing.T) {
	m, err := siam.Open(strokes)
	if err != nil {
		t.Fatal(err)
	}
	a := readImage("testdata/a.png")
	embed(t, m, a)
	for range 2 {
		m.Close()
		for name, do := range map[string]func() error{
			"Embed":       func() error { _, err := m.Embed(t.Context(), a); return err },
			"EmbedImages": func() error { _, err := m.EmbedImages(t.Context(), []imgproc.Image{imgproc.FromImage(a)}); return err },
			"Compare":     func() error { _, err := m.Compare(t.Context(), a, a); return err },
		} {
			if err := do(); !errors.Is(err, siam.ErrClosed) || len(err.Error()) > 100 {
				t.Errorf("%s after Close: %v, want %v", name, err, siam.ErrClosed)
			}
		}
	}
}

func TestCloseWhileOthersEmbed(t *testing.T) {
	m, err := siam.Open(strokes)
	if err != nil {
		t.Fatal(err)
	}
	a := readImage("testdata/a.png")
	want := embed(t, m, a)[0]
	var wait sync.WaitGroup
	first := make(chan struct{}, 8)
	for range 8 {
		wait.Go(func() {
			for {
				rows, err := m.Embed(t.Context(), a)
				if errors.Is(err, siam.ErrClosed) {
					return
				}
				if err != nil || !slices.Equal(rows[0], want) {
					t.Errorf("Embed beside Close = %v, %v, want %v", rows, err, want)
					return
				}
				select {
				case first <- struct{}{}:
				default:
				}
			}
		})
	}
	for range 8 {
		<-first
	}
	m.Close()
	wait.Wait()
}

// A model of a service that opens one after another on the same backend leaves nothing there.
func TestCloseFreesWhatIsOnTheCallersBackend(t *testing.T) {
	backend, err := cpu.New(cpu.Options{Threads: 1}) // others would keep their memory until they rest
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	a := readImage("testdata/a.png")
	var held []uint64
	for range 6 {
		m, err := siam.Open(strokes, siam.WithBackend(backend))
		if err != nil {
			t.Fatal(err)
		}
		embed(t, m, slices.Repeat([]image.Image{a}, 32)...)
		m.Close()
		runtime.GC()
		runtime.GC() // the first one moves what pools hold aside
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		held = append(held, memory.HeapAlloc)
		runtime.KeepAlive(m)
	}
	if grown := int64(held[5]) - int64(held[1]); grown > 200<<10 { // of some 2 MiB each
		t.Errorf("after closed models the heap holds %v bytes, want no growth", held)
	}
}
