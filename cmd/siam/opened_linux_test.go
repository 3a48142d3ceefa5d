package main

import (
	"bytes"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestTrainNeverOpensEvaluation lets the kernel watch images_evaluation while siam trains on the folder around it.
func TestTrainNeverOpensEvaluation(t *testing.T) {
	dir := t.TempDir()
	siam := func(args ...string) {
		t.Helper()
		var stderr bytes.Buffer
		if code := run(t.Context(), append(args, "--quiet"), strings.NewReader(""), io.Discard, &stderr); code != exitFine {
			t.Fatalf("siam %s: exit code %d: %s", strings.Join(args, " "), code, &stderr)
		}
	}
	judging, model := filepath.Join(dir, "images_evaluation"), filepath.Join(dir, "m.safetensors")
	for _, half := range []string{filepath.Join(dir, "images_background"), judging} {
		siam("data", "generate", "alphabets", "--alphabets", "4", "--characters", "4", "--drawers", "3", "--out", half)
	}
	opened := watch(t, judging)
	siam(append([]string{"train", "oneshot-triplet", "--data", dir, "--out", model}, tiny...)...)
	if n := opened(); n > 0 {
		t.Errorf("siam train opened or read what is in images_evaluation: %d bytes of events, want 0", n)
	}
	siam("eval", "oneshot", "--model", model, "--data", dir, "--ways", "3", "--trials", "10", "--pairs", "10")
	if n := opened(); n == 0 {
		t.Error("siam eval oneshot opened nothing in images_evaluation, so this test sees nothing")
	}
}

// watch tells, at each call, how many bytes of events came of opening and reading in a folder since the last one.
func watch(t *testing.T, dir string) (count func() int) {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		t.Skipf("inotify: %v", err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		_, err = unix.InotifyAddWatch(fd, path, unix.IN_OPEN|unix.IN_ACCESS)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	count = func() int {
		events, buffer := 0, make([]byte, 1<<16)
		for {
			n, err := unix.Read(fd, buffer)
			if err != nil || n == 0 {
				return events // nothing left to read
			}
			events += n
		}
	}
	count() // WalkDir itself has opened folders
	return count
}
