package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The commands of docs/gallery.md run in order, in a folder with the files that they name.
func TestGalleryPageShowsTestedCommands(t *testing.T) {
	page, err := os.ReadFile("../../docs/gallery.md")
	if err != nil {
		t.Fatal(err)
	}
	testdata, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	quietly(t, "data generate alphabets --alphabets 2 --characters 12 --drawers 6 --out alphabets")
	for from, to := range map[string]string{"Generated001": "people", "Generated002": "strangers"} {
		if err := os.Rename("alphabets/"+from, to); err != nil {
			t.Fatal(err)
		}
	}
	quietly(t, "train", append([]string{"faces", "--data", "people", "--out", "new.safetensors"}, people...)...)
	for name, from := range map[string]string{"faces.safetensors": "strokes.safetensors", "anna1.png": "a.png", "anna2.png": "same-as-a.png",
		"anna3.png": "a.png", "probe.png": "same-as-a.png", "stranger.png": "other.png"} {
		content, err := os.ReadFile(filepath.Join(testdata, from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("gate.key", bytes.Repeat([]byte{1}, 32), 0o600); err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)^\$ siam (.*)$`).FindAllStringSubmatch(string(page), -1)
	if len(commands) < 20 {
		t.Errorf("docs/gallery.md shows %d commands, want at least 20", len(commands))
	}
	for _, command := range commands {
		quietly(t, command[1])
	}
}

// quietly runs a command that may end with a verdict, and no error.
func quietly(t *testing.T, line string, more ...string) {
	t.Helper()
	var args []string
	for _, word := range regexp.MustCompile(`"[^"]*"|\S+`).FindAllString(line, -1) {
		args = append(args, strings.Trim(word, `"`))
	}
	var stderr bytes.Buffer
	code := run(context.Background(), append(args, more...), nil, io.Discard, &stderr)
	if code != exitFine && code != exitDifferent && code != exitRefer {
		t.Fatalf("siam %s: exit code %d: %s", line, code, stderr.String())
	}
}
