package dataset

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// Download is a public data set and where its owners keep it.
type Download struct {
	Name    string   `json:"name"`
	Summary string   `json:"summary"`
	Licence string   `json:"licence"`
	Files   []Remote `json:"files"`
}

// Remote is one file of a [Download].
type Remote struct {
	URL string `json:"url"`
	// SHA256 is the file's checksum in hexadecimal; empty where its owners publish none and nobody has recorded it.
	SHA256 string `json:"sha256,omitempty"`
	// Dir is where the archive is unpacked, below the data set's folder; empty for the folder itself.
	Dir string `json:"dir,omitempty"`
}

// Downloads lists the public data sets that Siam's recipes and evaluations use.
func Downloads() []Download {
	const omniglot = "https://github.com/brendenlake/omniglot/raw/master/python/"
	return []Download{
		{
			Name:    "omniglot",
			Summary: "1,623 handwritten characters of 50 alphabets, 20 drawers each, 105×105 pixels (Lake et al. 2015)",
			Licence: "MIT",
			Files:   []Remote{{URL: omniglot + "images_background.zip"}, {URL: omniglot + "images_evaluation.zip"}},
		},
		{
			Name:    "omniglot-runs",
			Summary: "Lake's 20 runs of 20-way one-shot classification within an alphabet",
			Licence: "MIT",
			Files:   []Remote{{URL: omniglot + "one-shot-classification/all_runs.zip"}},
		},
		{
			Name:    "orl",
			Summary: "AT&T (ORL) faces: 40 people, 10 photographs each, 92×112 pixels (Samaria and Harter 1994)",
			Licence: "research use, credit to AT&T Laboratories Cambridge",
			Files:   []Remote{{URL: "https://www.cl.cam.ac.uk/Research/DTG/attarchive/pub/data/att_faces.zip"}},
		},
	}
}

const (
	maxDownloadBytes = 4 << 30  // of one archive, packed
	maxUnpackedBytes = 16 << 30 // of one archive, unpacked
)

// Get downloads a data set into dir/name and unpacks it there; an archive is checked against its SHA256 where one is known.
// Nothing is left behind when it fails, and a folder that is there already is an error.
func (d Download) Get(ctx context.Context, client *http.Client, dir string) (string, error) {
	final := filepath.Join(dir, d.Name)
	if _, err := os.Stat(final); err == nil {
		return "", fmt.Errorf("downloading %s: %s is there already; remove it to download again", d.Name, final)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("downloading %s: %w", d.Name, err)
	}
	part, err := os.MkdirTemp(dir, "."+d.Name+"-*")
	if err != nil {
		return "", fmt.Errorf("downloading %s: %w", d.Name, err)
	}
	defer os.RemoveAll(part)
	for _, file := range d.Files {
		if err := file.get(ctx, client, part); err != nil {
			return "", fmt.Errorf("downloading %s: %s: %w", d.Name, file.URL, err)
		}
	}
	if err := os.Chmod(part, 0o755); err != nil {
		return "", fmt.Errorf("downloading %s: %w", d.Name, err)
	}
	if err := os.Rename(part, final); err != nil {
		return "", fmt.Errorf("downloading %s: %w", d.Name, err)
	}
	return final, nil
}

func (r Remote) get(ctx context.Context, client *http.Client, dir string) error {
	archive, err := os.CreateTemp(dir, ".archive-*")
	if err != nil {
		return err
	}
	defer os.Remove(archive.Name())
	defer archive.Close()
	size, err := r.fetch(ctx, client, archive)
	if err != nil {
		return err
	}
	target := filepath.Join(dir, filepath.FromSlash(r.Dir))
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	if strings.HasSuffix(r.URL, ".zip") {
		return unzip(archive, size, target)
	}
	if _, err := archive.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return untar(archive, target)
}

// fetch writes the file to w, checks its sum, and returns its size in bytes.
func (r Remote) fetch(ctx context.Context, client *http.Client, w io.Writer) (int64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
	if err != nil {
		return 0, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("the server answered %s", response.Status)
	}
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(w, sum), io.LimitReader(response.Body, maxDownloadBytes+1))
	switch {
	case err != nil:
		return 0, fmt.Errorf("after %d bytes: %w; try again", size, err)
	case size > maxDownloadBytes:
		return 0, fmt.Errorf("it is larger than %d bytes", int64(maxDownloadBytes))
	}
	if got := hex.EncodeToString(sum.Sum(nil)); r.SHA256 != "" && got != r.SHA256 {
		return 0, fmt.Errorf("its sha256 is %s, want %s; it is not the file that was recorded", got, r.SHA256)
	}
	return size, nil
}

func unzip(archive io.ReaderAt, size int64, dir string) error {
	reader, err := zip.NewReader(archive, size)
	if err != nil {
		return fmt.Errorf("reading the zip archive: %w", err)
	}
	left := int64(maxUnpackedBytes)
	for _, entry := range reader.File {
		if entry.FileInfo().IsDir() || !entry.Mode().IsRegular() {
			continue
		}
		content, err := entry.Open()
		if err != nil {
			return fmt.Errorf("unpacking %s: %w", entry.Name, err)
		}
		err = unpack(dir, entry.Name, content, &left)
		content.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func untar(archive io.Reader, dir string) error {
	unzipped, err := gzip.NewReader(archive)
	if err != nil {
		return fmt.Errorf("reading the tar.gz archive: %w", err)
	}
	left := int64(maxUnpackedBytes)
	for reader := tar.NewReader(unzipped); ; {
		entry, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the tar.gz archive: %w", err)
		}
		if entry.Typeflag != tar.TypeReg {
			continue
		}
		if err := unpack(dir, entry.Name, reader, &left); err != nil {
			return err
		}
	}
}

// unpack writes one entry of an archive below dir, taking its size off left. Names that would leave dir are refused.
func unpack(dir, name string, content io.Reader, left *int64) error {
	name = strings.TrimPrefix(name, "./")
	if !fs.ValidPath(name) || !filepath.IsLocal(filepath.FromSlash(name)) {
		return fmt.Errorf("unpacking %q: the name leads out of the archive", name)
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("unpacking %s: %w", name, err)
	}
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("unpacking %s: %w", name, err)
	}
	n, err := io.Copy(file, io.LimitReader(content, *left+1))
	*left -= n
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("unpacking %s: %w", name, err)
	}
	if *left < 0 {
		return fmt.Errorf("unpacking %s: the archive holds more than %d bytes", name, int64(maxUnpackedBytes))
	}
	return nil
}
