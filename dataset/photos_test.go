package dataset

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"
)

func TestPhotosComeInOrderAndFailInTheirPlaces(t *testing.T) {
	files := fstest.MapFS{"broken.pgm": {Data: []byte("P5 2 2 255\n")}}
	var names []string
	for i := range 40 {
		name := fmt.Sprintf("%02d.pgm", i)
		files[name] = &fstest.MapFile{Data: []byte("P5 1 1 255\n" + string(rune('0'+i)))}
		names = append(names, name)
	}
	names[7] = "broken.pgm"
	names[20] = "missing.pgm"
	i := 0
	for photo, err := range (Folder{FS: files, Path: "here"}).Photos(t.Context(), names) {
		failed, isFile := errors.AsType[*FileError](err)
		switch {
		case i == 7 || i == 20:
			if !isFile || failed.File != names[i] || !strings.Contains(err.Error(), "here/"+names[i]) {
				t.Errorf("photo %d: %v, want the error of %s", i, err, names[i])
			}
		case err != nil:
			t.Errorf("photo %d: %v", i, err)
		case photo.Image.Pix[0] != uint8('0'+i):
			t.Errorf("photo %d is that of %d", i, photo.Image.Pix[0]-'0')
		}
		i++
	}
	if i != len(names) {
		t.Errorf("%d photos, want %d", i, len(names))
	}
}

func TestInOrderWorksOnlyAFewAhead(t *testing.T) {
	var begun atomic.Int64
	used := 0
	for range inOrder(t.Context(), 1000, func(i int) (int, error) { begun.Add(1); return i, nil }) {
		if ahead, most := int(begun.Load())-used, 3*runtime.GOMAXPROCS(0)+2; ahead > most {
			t.Fatalf("%d values are made ahead of the loop, want at most %d", ahead, most)
		}
		if used++; used == 200 {
			break
		}
	}
}

func TestInOrderEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stuck := make(chan struct{})
	defer close(stuck)
	time.AfterFunc(10*time.Millisecond, cancel)
	var last error
	for _, err := range inOrder(ctx, 10, func(i int) (int, error) {
		if i == 3 {
			<-stuck // as a picture that takes long to decode: nobody waits for it
		}
		return i, nil
	}) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("last error = %v, want %v", last, context.Canceled)
	}
}

func TestInOrderMakesErrorsOfPanics(t *testing.T) {
	i := 0
	for v, err := range inOrder(t.Context(), 5, func(i int) (int, error) {
		if i == 2 {
			panic("two")
		}
		return i, nil
	}) {
		if (i == 2) != (err != nil) || err == nil && v != i {
			t.Errorf("value %d = %d, %v", i, v, err)
		}
		i++
	}
	if i != 5 {
		t.Errorf("%d values, want 5", i)
	}
}
