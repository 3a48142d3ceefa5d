package mot

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheSameNumbersInventTheSameStreet(t *testing.T) {
	w := World{Frames: 120, People: 6, Seed: 3, Moving: true}
	truth, found, err := w.Sequences(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	again, foundAgain, _ := w.Sequences(context.Background())
	if !cmp.Equal(truth.Rows, again.Rows) || !cmp.Equal(found.Rows, foundAgain.Rows) {
		t.Error("two streets of one seed differ")
	}
	if err := truth.CheckIDs(); err != nil {
		t.Error(err)
	}
	ids := map[int]bool{}
	for _, r := range truth.Rows {
		ids[r.ID] = true
	}
	if len(ids) != 6 || len(found.Rows) < len(truth.Rows)/2 || len(found.Rows) > len(truth.Rows)*3/2 {
		t.Errorf("%d people, %d boxes and %d detections, want 6 people and about as many detections", len(ids), len(truth.Rows), len(found.Rows))
	}
	for _, r := range found.Rows {
		if r.Score < 0 || r.Score > 1 || !r.Box.Finite() {
			t.Fatalf("detection %+v, want a score in [0, 1]", r)
		}
	}
}

func TestAWrittenStreetIsReadAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "street")
	w := World{Frames: 4, People: 5, Seed: 1}
	if err := w.Write(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	truth, _, _ := w.Sequences(context.Background())
	all := read(t, dir, Truth)
	if len(all) != 1 || len(all[0].Rows) != len(truth.Rows) || all[0].Info.Rate != 25 || all[0].Info.Frames != 4 {
		t.Fatalf("read %+v, want %d rows of 4 frames", all, len(truth.Rows))
	}
	images, err := OpenImages(dir)
	if err != nil || images.Last != 4 {
		t.Fatalf("OpenImages = %+v, %v, want 4 frames", images, err)
	}
	if m, err := images.Read(4); err != nil || m.W != 640 {
		t.Errorf("frame 4: %d pixels wide, %v", m.W, err)
	}
	if _, err := images.Read(5); err == nil {
		t.Error("frame 5 was read, want that it is missing")
	}
	if err := w.Write(context.Background(), dir); err == nil {
		t.Error("a street was written over another")
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.Write(cancelled, dir+"2"); err == nil {
		t.Error("an ended context wrote a street")
	}
	if _, err := os.Stat(dir + "2"); err == nil {
		t.Error("half a street was left")
	}
}
