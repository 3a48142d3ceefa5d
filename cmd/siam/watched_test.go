package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/judge"
)

// counting begins a progress that nobody sees.
func counting(total int) *progress {
	return (&app{stderr: io.Discard, quiet: true}).newProgress("working", "things", total)
}

func TestWhatIsWatchedIsCounted(t *testing.T) {
	set, err := dataset.Generate(t.Context(), dataset.GenerateOptions{Alphabets: 2, Characters: 3, Drawers: 2, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "alphabets")
	if err := dataset.WriteAlphabets(t.Context(), set, dir); err != nil {
		t.Fatal(err)
	}

	t.Run("images read", func(t *testing.T) {
		folder, err := dataset.OpenFolder(dir)
		if err != nil {
			t.Fatal(err)
		}
		p := counting(0)
		if _, err := dataset.ReadAlphabets(t.Context(), watchedFolder(folder, p), dataset.AlphabetOptions{}); err != nil {
			t.Fatal(err)
		}
		if p.done != 12 {
			t.Errorf("%d images were read, want 12", p.done)
		}
	})
	t.Run("images embedded", func(t *testing.T) {
		model, err := siam.Open(filepath.Join("..", "..", "testdata", "strokes.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		defer model.Close()
		p := counting(12)
		if _, err := judge.Embed(t.Context(), watchedModel{model, p}, set); err != nil {
			t.Fatal(err)
		}
		if p.done != 12 {
			t.Errorf("%d images were embedded, want 12", p.done)
		}
	})
	t.Run("distances of a baseline", func(t *testing.T) {
		p := counting(0)
		test := judge.OneShotTest{Ways: 3, Shots: 1, Trials: 5, Seed: 1}
		if _, err := watchedBaseline(judge.PixelBaseline(), p).OneShot(set, test); err != nil {
			t.Fatal(err)
		}
		if want := 2 * 5 * 3; p.done != want { // two tasks
			t.Errorf("%d distances were measured, want %d", p.done, want)
		}
	})
	t.Run("bytes downloaded", func(t *testing.T) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Write(bytes.Repeat([]byte{1}, 1234))
		}))
		defer server.Close()
		client := &http.Client{Transport: watchedTransport{&app{stderr: io.Discard, quiet: true}}}
		response, err := client.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			t.Fatal(err)
		}
		if p := response.Body.(watchedBody).progress; p.done != 1234 || p.total != 1234 {
			t.Errorf("%d of %d bytes were downloaded, want all of 1234", p.done, p.total)
		}
	})
}

func TestLongWorkIsToldNowAndThen(t *testing.T) { synctest.Test(t, longWorkIsTold) }

func longWorkIsTold(t *testing.T) {
	var stderr bytes.Buffer
	a := &app{stderr: &stderr}
	p := a.newProgress("embedding", "images", 100)
	p.add(10)
	if stderr.Len() > 0 {
		t.Errorf("at once it says %q, want nothing", &stderr)
	}
	time.Sleep(2 * quietFor)
	p.add(30)
	p.add(30)
	if got, want := stderr.String(), "embedding: 40 of 100 images, 2.0 images/s, 30s left\n"; got != want {
		t.Errorf("after a while it says %q, want %q", got, want)
	}
	before := stderr.Len()
	p.close()
	time.Sleep(2 * quietFor)
	p.add(1)
	if stderr.Len() != before {
		t.Errorf("once it is closed it says %q", stderr.String()[before:])
	}
	p.over, a.quiet = false, true
	time.Sleep(2 * quietFor)
	p.add(30)
	if stderr.Len() != before {
		t.Errorf("with --quiet it says %q", stderr.String()[before:])
	}
}
