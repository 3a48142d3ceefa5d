package gallerytest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/siam-go/siam/gallery"
)

func chained(t *testing.T, f *fixture) {
	f.gallery(t, "g")
	for i := range 4 {
		at := f.now.Add(time.Duration(i) * time.Hour)
		f.apply(t, gallery.Change{Gallery: "g", Events: []gallery.Event{
			{Time: at, Gallery: "g", Who: "someone", Action: "identify", Model: "model-1", Parts: []gallery.Part{gallery.NewPart(map[string]int{"face": i}, "a", "ü")}},
			{Time: at, Gallery: "g", Action: "verify"}}})
	}
	lines := f.log(t)
	if len(lines) != 8 || lines[7].Number != 8 || lines[2].Who != "someone" || string(lines[2].Parts[0].Body) != `{"face":1}` || !reflect.DeepEqual(lines[2].Parts[0].About, []string{"a", "ü"}) {
		t.Errorf("log = %+v, want the 8 events", lines)
	}
	var tail []gallery.Line
	for l, err := range f.Log(t.Context(), 7) {
		if err != nil {
			t.Fatal(err)
		}
		tail = append(tail, l)
	}
	if diff := cmp.Diff(lines[6:], tail); diff != "" {
		t.Errorf("log from line 7 (-want +got):\n%s", diff)
	}
}

func forgotten(t *testing.T, f *fixture) {
	f.gallery(t, "g")
	for i := range 3 {
		at := f.now.AddDate(0, i, 0)
		f.apply(t, gallery.Change{Gallery: "g", Events: []gallery.Event{{Time: at, Gallery: "g", Action: "identify", Parts: []gallery.Part{gallery.NewPart(i)}}}})
	}
	f.gallery(t, "other")
	f.apply(t, gallery.Change{Gallery: "other", Events: []gallery.Event{{Time: f.now, Gallery: "other", Action: "identify", Parts: []gallery.Part{gallery.NewPart("kept")}}}})
	f.apply(t, gallery.Change{Gallery: "g", ForgetLog: f.now.AddDate(0, 2, 0)})
	lines := f.log(t)
	if last := lines[len(lines)-1]; string(last.Parts[0].Body) != `"kept"` {
		t.Errorf("what the log says of another gallery = %s, want it kept", last.Parts[0].Body)
	}
	lines = lines[:len(lines)-1]
	if len(lines) != 3 || lines[0].Parts[0].Body != nil || lines[1].Parts[0].Body != nil || string(lines[2].Parts[0].Body) != "2" {
		t.Errorf("log = %+v, want two lines forgotten", lines)
	}
}

func together(t *testing.T, f *fixture) {
	f.gallery(t, "g")
	const workers, each = 4, 5
	changes := make([][]gallery.Change, workers)
	for w := range changes {
		for i := range each {
			changes[w] = append(changes[w], gallery.Change{
				Gallery: "g", Put: f.entries(fmt.Sprintf("w%d-%d", w, i)), Events: []gallery.Event{{Time: f.now, Gallery: "g", Action: "enroll"}}})
		}
	}
	failures := make(chan error, workers)
	for w := range workers {
		go func() {
			var all error
			for _, c := range changes[w] {
				all = errors.Join(all, f.Apply(t.Context(), c))
				_, err := f.Vectors(t.Context(), "g", 0)
				all = errors.Join(all, err)
			}
			failures <- all
		}()
	}
	for range workers {
		if err := <-failures; err != nil {
			t.Errorf("a goroutine failed: %v", err)
		}
	}
	if n := len(f.list(t, "g", gallery.Query{})); n != workers*each {
		t.Errorf("%d entries, want %d", n, workers*each)
	}
	if n := len(f.log(t)); n != workers*each {
		t.Errorf("%d lines in the log, want %d", n, workers*each)
	}
}

func ended(t *testing.T, f *fixture) {
	f.gallery(t, "g", f.entries("a")...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, galleries := f.Galleries(ctx)
	_, vectors := f.Vectors(ctx, "g", 0)
	put := f.Apply(ctx, gallery.Change{Gallery: "g", Put: f.entries("b")})
	var entries, log error
	for _, entries = range f.Entries(ctx, "g", gallery.Query{}) {
	}
	for _, log = range f.Log(ctx, 1) {
	}
	for name, err := range map[string]error{"Galleries": galleries, "Vectors": vectors, "Apply": put, "Entries": entries, "Log": log} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s = %v, want %v", name, err, context.Canceled)
		}
	}
	if n := len(f.list(t, "g", gallery.Query{})); n != 1 {
		t.Errorf("%d entries, want 1", n)
	}
}

func closed(t *testing.T, f *fixture) {
	f.gallery(t, "g")
	if err := f.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if _, err := f.Galleries(t.Context()); err == nil {
		t.Errorf("Galleries of a closed store = nil, want an error")
	}
	if err := f.Apply(t.Context(), gallery.Change{Gallery: "g", Put: f.entries("b")}); err == nil {
		t.Errorf("Apply to a closed store = nil, want an error")
	}
}
