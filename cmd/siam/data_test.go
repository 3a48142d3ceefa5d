package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/siam-go/siam/dataset"
	"github.com/spf13/cobra"
)

func TestTheLicenceIsShownBeforeAnythingIsDownloaded(t *testing.T) {
	var stdout, stderr bytes.Buffer
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked = true
		if !strings.Contains(stderr.String(), "licence: to be read first\n") {
			t.Errorf("stderr when the server is asked = %q, want the licence", stderr.String())
		}
		w.Write([]byte("weights"))
	}))
	defer server.Close()
	a := &app{stdout: &stdout, stderr: &stderr}
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	d := dataset.Download{Name: "net", Licence: "to be read first", Files: []dataset.Remote{{URL: server.URL + "/net.onnx"}}}
	dir := t.TempDir()
	if err := a.download(cmd, d, dir); err != nil || !asked {
		t.Fatalf("download = %v, server asked %v, want no error from a server that was asked", err, asked)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "net", "net.onnx")); err != nil || string(data) != "weights" {
		t.Errorf("the file holds %q, %v, want what the server sent", data, err)
	}
}

func TestPublicNetworksHaveALicenceAndAChecksum(t *testing.T) {
	for _, d := range dataset.Networks() {
		if d.Licence == "" || d.Summary == "" {
			t.Errorf("%s: licence %q, summary %q, want both", d.Name, d.Licence, d.Summary)
		}
		for _, file := range d.Files {
			if len(file.SHA256) != 64 || !strings.HasPrefix(file.URL, "https://") {
				t.Errorf("%s: %s has sha256 %q, want one of 64 digits and https", d.Name, file.URL, file.SHA256)
			}
		}
	}
}
