package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/recipe"
	"github.com/siam-go/siam/report"
)

// The demo's last part trains, judges on families that it has not seen, and shows pictures of them.
func TestTheDemoMasksWhatPicturesShare(t *testing.T) {
	backend, err := siam.NewBackend("cpu", 2)
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Finalize()
	r := recipe.DemoCoseg()
	r.Settings.Steps, r.Settings.Every, r.Settings.Size = 4, 4, 32
	a := &app{stdout: io.Discard, stderr: io.Discard, quiet: true, seed: 1}
	d, err := a.cosegDemo(t.Context(), backend, r, demoCosegSize{families: 4, images: 4})
	if err != nil {
		t.Fatal(err)
	}
	if m := d.Masks; m.N != 16 || m.Jaccard < 0 || m.Jaccard > 1 || len(m.Classes) != 4 || d.All.N != 16 || !(d.All.Jaccard > 0) {
		t.Errorf("judged %+v beside %+v, want 16 pictures of 4 families", m, d.All)
	}
	if len(d.shown) != 3*2*demoShown {
		t.Errorf("%d pictures, want four of three families and what they share", len(d.shown))
	}
	page := report.New("Shared")
	page.Add(d.section())
	var b bytes.Buffer
	if err := page.Write(&b); err != nil || !strings.Contains(b.String(), "in 4 steps") {
		t.Errorf("the page does not say how long it learned, or %v", err)
	}
}
