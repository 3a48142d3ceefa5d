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
	"path"
	"path/filepath"
	"strings"

	"github.com/siam-go/siam/internal/atomicfile"
)

// Download is a public data set, or network, and where its owners keep it.
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
	// Dir is where the file is put, or unpacked if it is an archive, below the data set's folder; empty for the folder itself.
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

// Networks lists public networks, as ONNX files, that siam import makes models of.
func Networks() []Download {
	const raw = "https://raw.githubusercontent.com/"
	return []Download{
		{
			Name:    "yunet",
			Summary: "finds faces with eyes, nose and mouth; YuNet, 76 thousand weights, for siam import --detector (Wu et al. 2023)",
			Licence: "Apache-2.0 (Shiqi Yu)",
			Files: []Remote{{
				URL:    raw + "ShiqiYu/libfacedetection.train/0047ac24afb1a50a0c6105001c89d1b5b805dbf1/onnx/yunet_n_dynamic.onnx",
				SHA256: "104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12",
			}},
		},
		{
			Name: "mobilefacenet",
			Summary: "embeds faces, 128 numbers; MobileFaceNet, 1 million weights, for " +
				"siam import --preprocess rgb,imagenet --align arcface",
			Licence: "Apache-2.0; trained on MS-Celeb-1M, which was withdrawn and was for research only",
			Files: []Remote{{
				URL:    raw + "foamliu/MobileFaceNet/a6cc9032a659b615f477833e1a70b5e7931bcccc/weights/MobileFaceNet.onnx",
				SHA256: "b7120c095d60094f28a4a54ba6a8bf51b297a6273fb40ef6350dfec1f63d9507",
			}},
		},
		{
			Name:    "yolox-nano",
			Summary: "finds people and 79 other things; YOLOX-nano, 0.9 million weights (Ge et al. 2021)",
			Licence: "Apache-2.0 (Megvii); the repository that carries this copy names none",
			Files: []Remote{{
				URL:    raw + "Bigisland1729/object-detection-models/7f3f2fa34b351e3d2af150893458106ad3f3a84f/yolox_nano.onnx",
				SHA256: "e8af074932d4ed7e232278e3055cefcdea3edf178874a3694ae292649fb464dd",
			}},
		},
	}
}

const (
	maxDownloadBytes = 4 << 30  // of one archive, packed
	maxUnpackedBytes = 16 << 30 // of one archive, unpacked
)

// Get downloads what there is into dir/name and unpacks archives there; a file is checked against its SHA256 where one is known.
// Nothing is left behind when it fails, and a folder that is there already is an error.
func (d Download) Get(ctx context.Context, client *http.Client, dir string) (string, error) {
	final := filepath.Join(dir, d.Name)
	if _, err := os.Stat(final); err == nil {
		return "", fmt.Errorf("downloading %s: %s is there already; remove it to download again", d.Name, final)
	}
	err := atomicfile.Folder(final, func(partial string) error {
		for _, file := range d.Files {
			if err := file.get(ctx, client, partial); err != nil {
				return fmt.Errorf("%s: %w", file.URL, err)
			}
		}
		return nil
	})
	if err != nil {
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
	if !strings.HasSuffix(r.URL, ".gz") && !strings.HasSuffix(r.URL, ".tgz") {
		return keep(archive, filepath.Join(target, path.Base(r.URL)))
	}
	if _, err := archive.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return untar(archive, target)
}

// keep gives a file that is no archive its name.
func keep(file *os.File, name string) error {
	if err := file.Chmod(0o644); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
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
