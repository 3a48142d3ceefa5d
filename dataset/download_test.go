package dataset

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func zipped(t *testing.T, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(f, content)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarred(t *testing.T, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, content)
	w.Close()
	z.Close()
	return b.Bytes()
}

// serve answers the paths of files.
func serve(t *testing.T, files map[string][]byte) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, found := files[r.URL.Path]
		if !found {
			http.NotFound(w, r)
			return
		}
		w.Write(content)
	}))
	t.Cleanup(server.Close)
	return server
}

func TestDownloadGet(t *testing.T) {
	good := zipped(t, "a/b.txt", "hello")
	sum := sha256.Sum256(good)
	server := serve(t, map[string][]byte{
		"/good.zip":    good,
		"/good.tar.gz": tarred(t, "./c/d.txt", "world"),
		"/net.onnx":    []byte("layers"),
		"/slip.zip":    zipped(t, "../out.txt", "x"),
		"/slip.tar.gz": tarred(t, "/etc/out.txt", "x"),
		"/half.zip":    good[:len(good)/2],
	})
	for name, test := range map[string]struct {
		files []Remote
		want  string // part of the error; empty for success
	}{
		"unpacks archives":        {[]Remote{{URL: "/good.zip", SHA256: hex.EncodeToString(sum[:])}, {URL: "/good.tar.gz", Dir: "more"}, {URL: "/net.onnx"}}, ""},
		"refuses a wrong sum":     {[]Remote{{URL: "/good.zip", SHA256: strings.Repeat("0", 64)}}, "want 0000"},
		"reports a missing file":  {[]Remote{{URL: "/none.zip"}}, "404"},
		"refuses zip escapes":     {[]Remote{{URL: "/slip.zip"}}, "leads out of the archive"},
		"refuses tar escapes":     {[]Remote{{URL: "/slip.tar.gz"}}, "leads out of the archive"},
		"reports a half download": {[]Remote{{URL: "/good.zip"}, {URL: "/half.zip"}}, "zip archive"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for i := range test.files {
				test.files[i].URL = server.URL + test.files[i].URL
			}
			got, err := Download{Name: "set", Files: test.files}.Get(t.Context(), server.Client(), dir)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Fatalf("Get: error %v, want one with %q", err, test.want)
				}
				if left, _ := os.ReadDir(dir); len(left) != 0 {
					t.Errorf("Get left %v behind", left)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for file, want := range map[string]string{"a/b.txt": "hello", "more/c/d.txt": "world", "net.onnx": "layers"} {
				if content, err := os.ReadFile(filepath.Join(got, file)); err != nil || string(content) != want {
					t.Errorf("%s = %q, %v, want %q", file, content, err, want)
				}
			}
			if _, err := (Download{Name: "set"}).Get(t.Context(), server.Client(), dir); err == nil {
				t.Error("Get over an existing folder succeeded, want an error")
			}
		})
	}
}
