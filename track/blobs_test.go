package track

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/imgproc"
)

func TestBlobsAreThePeopleOfAStillStreet(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "street")
	if err := (mot.World{Frames: 100, People: 3, Seed: 4}).Write(context.Background(), dir); err != nil {
		t.Fatal(err)
	}
	images, err := mot.OpenImages(dir)
	if err != nil {
		t.Fatal(err)
	}
	read := func(number int) imgproc.Image {
		m, err := images.Read(number)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	var some []imgproc.Image
	for n := 1; n <= 100; n += 5 {
		some = append(some, read(n))
	}
	blobs := NewBlobs(some)
	truth, err := mot.Read(filepath.Join(dir, "gt", "gt.txt"), mot.Truth)
	if err != nil {
		t.Fatal(err)
	}
	right, all, found := 0, 0, 0
	for n := 1; n <= 100; n += 7 {
		boxes := blobs.Find(read(n))
		found += len(boxes)
		for _, r := range truth[0].Rows {
			if r.Frame != n {
				continue
			}
			all++
			for _, d := range boxes {
				if d.Box.IoU(r.Box) >= 0.5 {
					right++
					break
				}
			}
		}
	}
	if 10*right < 6*all || 10*right < 6*found || all < 20 {
		t.Errorf("%d of %d people are among %d blobs, want six in ten of both", right, all, found)
	}
	if none := NewBlobs(some[:1]).Find(some[0]); len(none) != 0 {
		t.Errorf("a background has blobs: %v", none)
	}
}
