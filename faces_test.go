package siam_test

import (
	"errors"
	"io/fs"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/realdata"
	"github.com/siam-go/siam/onnx"
)

// publicWeights reads a public network.
func publicWeights(t *testing.T, name string) *onnx.Model {
	t.Helper()
	m, err := onnx.ReadFile(realdata.Network(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// faceModel is MobileFaceNet with YuNet, written to a model file and opened.
func faceModel(t *testing.T) *siam.Model {
	t.Helper()
	network := publicWeights(t, "face_embed_mobilefacenet/MobileFaceNet.onnx")
	detector := publicWeights(t, "face_detect_yunet/yunet_n_dynamic.onnx")
	backend, err := siam.NewBackend("cpu", 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	template, threshold := face.ArcFace(), float32(0.73)
	file, _, err := onnx.Import(t.Context(), backend, network, onnx.ImportOptions{
		Preprocess: &imgproc.Preprocess{Channels: 3, Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}},
		Landmarks:  template[:], Detector: detector.Bytes(), Threshold: &threshold,
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "face.safetensors")
	if err := file.Write(path); err != nil {
		t.Fatal(err)
	}
	model, err := siam.Open(path, siam.WithBackend(backend))
	if err != nil {
		t.Fatal(err)
	}
	return model
}

// lfw is the photographs of Labeled Faces in the Wild.
func lfw(t *testing.T) *dataset.PhotoPairs {
	t.Helper()
	folder, err := dataset.OpenFolder(realdata.Set(t, "lfw250"))
	if err != nil {
		t.Fatal(err)
	}
	pairs, err := dataset.ReadLFWPairs(folder)
	if err != nil {
		t.Fatal(err)
	}
	return pairs
}

func readPhoto(t *testing.T, fsys fs.FS, name string) imgproc.Image {
	t.Helper()
	m, err := imgproc.ReadFS(fsys, name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestFacesInPhotographsAreTold judges some pairs of each kind at a threshold from elsewhere; all 1,200 are judged by
// siam eval verify --faces.
func TestFacesInPhotographsAreTold(t *testing.T) {
	model, data := faceModel(t), lfw(t)
	pipeline, err := model.Faces(nil)
	if err != nil {
		t.Fatal(err)
	}
	right, judged := 0, 0
	for i, pair := range data.Pairs {
		if i%25 != 0 {
			continue
		}
		photos := []imgproc.Image{readPhoto(t, data.Folder.FS, data.Files[pair.A]), readPhoto(t, data.Folder.FS, data.Files[pair.B])}
		faces, counts, err := pipeline.EmbedMain(t.Context(), imgproc.Photos(photos...))
		if err != nil {
			t.Fatal(err)
		}
		if counts[0] == 0 || counts[1] == 0 {
			t.Errorf("%s has %d faces and %s %d, want at least one", data.Files[pair.A], counts[0], data.Files[pair.B], counts[1])
			continue
		}
		verdict, err := model.Judge(model.Distance(faces[0].Embedding, faces[1].Embedding))
		if err != nil {
			t.Fatal(err)
		}
		judged++
		if verdict.Same == pair.Same {
			right++
		}
	}
	if right < judged-1 {
		t.Errorf("%d of %d pairs judged right, want all but one", right, judged)
	}
}

// A crowd, a picture turned on its side, a grey one and one without anybody.
func TestFacesInUnusualPhotographs(t *testing.T) {
	model, data := faceModel(t), lfw(t)
	pipeline, err := model.Faces(nil)
	if err != nil {
		t.Fatal(err)
	}
	const columns, rows, side = 5, 4, 200
	crowd := imgproc.New(rows*side, columns*side, 3)
	for i := range columns * rows {
		single := imgproc.Resize(readPhoto(t, data.Folder.FS, data.Files[2*i]), side, side)
		for y := range side {
			copy(crowd.Row(i/columns*side + y)[i%columns*side*3:], single.Row(y))
		}
	}
	one := readPhoto(t, data.Folder.FS, data.Files[0])
	found, err := pipeline.EmbedPhotos(t.Context(), imgproc.Photos(crowd, one, one.Grey(), imgproc.Filled(300, 200, 3, 128)))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(found[0]); n < columns*rows {
		t.Errorf("%d faces found in a crowd of %d", n, columns*rows)
	}
	if len(found[1]) != 1 || len(found[2]) != 1 || len(found[3]) != 0 {
		t.Fatalf("%d, %d and %d faces found in colour, in grey and in a picture without any, want 1, 1 and 0", len(found[1]), len(found[2]), len(found[3]))
	}
	if d := model.Distance(found[1][0].Embedding, found[2][0].Embedding); !(d < 0.3) {
		t.Errorf("distance of a face in colour and in grey = %v, want less than 0.3", d)
	}
	box := found[1][0].Box
	if centre := math.Hypot(float64(box.X+box.W/2)-125, float64(box.Y+box.H/2)-125); centre > 20 {
		t.Errorf("the face is %v pixels off the centre, want at most 20", centre)
	}
}

func TestModelsWithoutADetectorSaySo(t *testing.T) {
	if _, err := open(t).Faces(nil); err != siam.ErrNoDetector {
		t.Errorf("Faces of a model for drawings = %v, want %v", err, siam.ErrNoDetector)
	}
	if _, err := open(t).Faces([]byte("no network")); err == nil || !strings.Contains(err.Error(), "the face detector: ") {
		t.Errorf("Faces with a damaged detector = %v, want an error that says so", err)
	}
}

func TestImportedModelsNeedTheirNetwork(t *testing.T) {
	file := fileOf(t, encoder.Spec{Arch: encoder.Imported, Dim: 3, Outputs: []string{"y"},
		Preprocess: imgproc.Preprocess{Height: 8, Width: 8, Channels: 3}}, "cosine", nil)
	if _, err := siam.New(file); err == nil || !strings.Contains(err.Error(), "the model's ONNX network") {
		t.Errorf("New of an imported model without its network = %v, want an error that says so", err)
	}
}

func TestPipelineOfAClosedModelSaysSo(t *testing.T) {
	model := faceModel(t)
	pipeline, err := model.Faces(nil)
	if err != nil {
		t.Fatal(err)
	}
	model.Close()
	if _, err := pipeline.EmbedPhotos(t.Context(), imgproc.Photos(imgproc.New(64, 64, 3))); !errors.Is(err, siam.ErrClosed) {
		t.Errorf("Embed of a pipeline after its model's Close: %v, want %v", err, siam.ErrClosed)
	}
	if _, err := model.Faces(nil); !errors.Is(err, siam.ErrClosed) {
		t.Errorf("Faces after Close: %v, want %v", err, siam.ErrClosed)
	}
}
