package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// copies puts files of the repository's testdata into the working folder, by other names.
func copies(t *testing.T, testdata string, names map[string]string) {
	t.Helper()
	for name, from := range names {
		content, err := os.ReadFile(filepath.Join(testdata, from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// served runs siam serve until the test ends, and returns its address.
func served(t *testing.T, args ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	seen, stderr := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"serve", "--addr", "127.0.0.1:0"}, args...), nil, io.Discard, stderr)
		stderr.Close()
	}()
	t.Cleanup(func() {
		stop()
		go func() { _, _ = io.Copy(io.Discard, seen) }()
		if code := <-ended; code != exitFine {
			t.Errorf("siam serve ends with %d", code)
		}
	})
	at, begin := regexp.MustCompile(`https?://\S+`), make([]byte, 4096)
	n, err := seen.Read(begin)
	address := at.Find(begin[:n])
	if err != nil || address == nil {
		t.Fatalf("siam serve says %q, %v", begin[:n], err)
	}
	go func() { _, _ = io.Copy(io.Discard, seen) }()
	return string(address)
}

// The curl commands of docs/server.md run in order, in a folder with the files that they name, against a server that was started as the
// page says.
func TestServerPageShowsTestedCommands(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	page, err := os.ReadFile("../../docs/server.md")
	if err != nil {
		t.Fatal(err)
	}
	testdata, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	copies(t, testdata, map[string]string{"faces.safetensors": "strokes.safetensors", "anna1.png": "a.png", "anna2.png": "same-as-a.png",
		"probe.png": "same-as-a.png", "stranger.png": "other.png"})
	env, address := os.Environ(), ""
	for _, line := range regexp.MustCompile(`(?m)^\$ siam (.*)$`).FindAllStringSubmatch(string(page), -1) {
		args := strings.Fields(line[1])
		if args[0] == "serve" && args[1] != "key" {
			address = served(t, args[1:]...)
			continue
		}
		var stdout bytes.Buffer
		if code := run(t.Context(), args, nil, &stdout, io.Discard); code != exitFine {
			t.Fatalf("siam %s ends with %d", line[1], code)
		}
		if args[0] == "serve" {
			env = append(env, strings.ToUpper(args[3])+"="+strings.TrimSpace(stdout.String()))
		}
	}
	commands := regexp.MustCompile(`(?m)^curl .*$`).FindAllString(string(page), -1)
	if len(commands) < 12 {
		t.Errorf("docs/server.md shows %d curl commands, want at least 12", len(commands))
	}
	for _, command := range commands {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		shell := exec.CommandContext(ctx, "sh", "-c", strings.ReplaceAll(command, "http://127.0.0.1:8080", address)+" --fail-with-body")
		shell.Env = env
		out, err := shell.CombinedOutput()
		cancel()
		if err != nil || !json.Valid(out) && !strings.Contains(command, "/metrics") {
			t.Errorf("%s: %v: %s", command, err, out)
		}
	}
}

// What a server answers has the shapes of docs/json.md.
func TestServerAnswersAsThePageOfJSONSays(t *testing.T) {
	page := readJSONPage(t)
	testdata, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	quietly(t, "gallery create --db sqlite:g.db --kind watch --review 9 --model "+filepath.Join(testdata, "strokes.safetensors"))
	var key bytes.Buffer
	if code := run(t.Context(), []string{"serve", "key", "add", "boss", "--role", "admin"}, nil, &key, io.Discard); code != exitFine {
		t.Fatal("no key")
	}
	address := served(t, "--db", "sqlite:g.db")
	a, same := "image=@"+filepath.Join(testdata, "a.png"), "image=@"+filepath.Join(testdata, "same-as-a.png")
	for _, ask := range []struct {
		section, path string
		form          []string
	}{
		{"siam gallery enroll", "/v1/galleries/main/enroll", []string{"id=Anna", a}},
		{"siam gallery identify", "/v1/galleries/main/identify", []string{same}},
		{"siam gallery identify of a burst", "/v1/galleries/main/identify/burst", []string{same, a}},
		{"siam gallery verify", "/v1/galleries/main/verify", []string{"id=Anna", same}},
		{"siam gallery reject", "/v1/galleries/main/reject", []string{same}},
		{"siam compare", "/v1/compare", []string{strings.Replace(a, "image", "a", 1), strings.Replace(same, "image", "b", 1)}},
		{"siam embed", "/v1/embed", []string{a}},
		{"siam gallery list of a store", "/v1/galleries", nil},
		{"gallery", "/v1/galleries/main", nil},
		{"siam gallery list", "/v1/galleries/main/ids", nil},
		{"siam gallery review", "/v1/galleries/main/review", nil},
	} {
		args := []string{"-sS", "--fail-with-body", "-H", "Authorization: Bearer " + strings.TrimSpace(key.String())}
		for _, field := range ask.form {
			args = append(args, "-F", field)
		}
		out, err := exec.Command("curl", append(args, address+ask.path)...).CombinedOutput()
		if err == nil {
			err = page.check(ask.section, out)
		}
		if err != nil {
			t.Errorf("%s: %v: %s", ask.path, err, out)
		}
	}
}
