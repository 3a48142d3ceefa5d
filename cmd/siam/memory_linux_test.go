package main

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestLargePhotographsAreNotHeldTogether bounds what siam embed has in memory at most: 24 photographs of 12 megapixels are 824 MiB of
// pixels.
func TestLargePhotographsAreNotHeldTogether(t *testing.T) {
	t.Chdir(t.TempDir())
	siam := func(args ...string) int64 {
		t.Helper()
		cmd := process("1000000000", append(args, "--quiet")...)
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("siam %v: %v: %s", args, err, output)
		}
		return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss >> 10
	}
	siam("data", "generate", "alphabets", "--alphabets", "1", "--characters", "16", "--drawers", "6", "--out", "alphabets")
	siam(append([]string{"train", "faces-triplet", "--data", "alphabets/Generated001", "--out", "m.safetensors"}, append(people, "--set", "steps=60")...)...)
	photograph := image.NewYCbCr(image.Rect(0, 0, 4000, 3000), image.YCbCrSubsampleRatio420)
	for i := range photograph.Y {
		photograph.Y[i] = uint8(i / 4000 * i % 4000 >> 6)
	}
	var file bytes.Buffer
	if err := jpeg.Encode(&file, photograph, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("photographs", 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 24 {
		if err := os.WriteFile(filepath.Join("photographs", fmt.Sprintf("%d.jpg", i)), file.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	small := siam("info", "m.safetensors")
	if peak := siam("embed", "--model", "m.safetensors", "photographs"); peak > small+250 {
		t.Errorf("siam embed of 24 large photographs: %d MiB at most, want no more than 250 above the %d of siam info", peak, small)
	}
}
