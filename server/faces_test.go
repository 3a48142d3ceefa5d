package server_test

import (
	"bytes"
	"cmp"
	"image"
	"image/draw"
	"image/jpeg"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/realdata"
	"github.com/siam-go/siam/onnx"
	"github.com/siam-go/siam/server"
)

// faceModel is MobileFaceNet with YuNet.
func faceModel(t *testing.T) *siam.Model {
	t.Helper()
	read := func(name string) *onnx.Model {
		m, err := onnx.ReadFile(realdata.Network(t, name))
		check(t, err)
		return m
	}
	network, detector := read("face_embed_mobilefacenet/MobileFaceNet.onnx"), read("face_detect_yunet/yunet_n_dynamic.onnx")
	backend, err := siam.NewBackend("cpu", 2)
	check(t, err)
	t.Cleanup(backend.Finalize)
	template, threshold := face.ArcFace(), float32(0.73)
	file, _, err := onnx.Import(t.Context(), backend, network, onnx.ImportOptions{
		Preprocess: &imgproc.Preprocess{Channels: 3, Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225}},
		Landmarks:  template[:], Detector: detector.Bytes(), Threshold: &threshold,
	})
	check(t, err)
	path := filepath.Join(t.TempDir(), "face.safetensors")
	check(t, file.Write(path))
	model, err := siam.Open(path, siam.WithBackend(backend))
	check(t, err)
	t.Cleanup(model.Close)
	return model
}

// twoPeople are photographs of two people of Labeled Faces in the Wild, and one that shows both, the first at the left.
func twoPeople(t *testing.T) (first, second, both string) {
	t.Helper()
	folder, err := dataset.OpenFolder(realdata.Set(t, "lfw250"))
	check(t, err)
	pairs, err := dataset.ReadLFWPairs(folder)
	check(t, err)
	photo := func(name string) (image.Image, string) {
		m, err := imgproc.ReadFS(pairs.Folder.FS, name)
		check(t, err)
		return m.GoImage(), photograph(t, m.GoImage())
	}
	var files []string
	for _, p := range pairs.Pairs {
		if !p.Same {
			files = []string{pairs.Files[p.A], pairs.Files[p.B]}
			break
		}
	}
	left, first := photo(files[0])
	right, second := photo(files[1])
	w, h := left.Bounds().Dx(), left.Bounds().Dy()
	together := image.NewRGBA(image.Rect(0, 0, 2*w, h))
	draw.Draw(together, image.Rect(0, 0, w, h), left, left.Bounds().Min, draw.Src)
	draw.Draw(together, image.Rect(w, 0, 2*w, h), right, right.Bounds().Min, draw.Src)
	return first, second, photograph(t, together)
}

func photograph(t *testing.T, m image.Image) string {
	t.Helper()
	var out bytes.Buffer
	check(t, jpeg.Encode(&out, m, &jpeg.Options{Quality: 95}))
	return write(t, "photograph.jpg", out.Bytes())
}

// Of a photograph of two, the face of a number is rejected, not the main one: by the API, and by the page's button.
func TestOfSeveralFacesTheOneThatIsMeantIsRejected(t *testing.T) {
	first, second, both := twoPeople(t)
	model := faceModel(t)
	d := newDesk(t, server.Options{Models: []server.Model{{Model: model, Name: "faces.safetensors"}}})
	s := model.ForGallery().Settings("faces", gallery.Watch)
	s.Faces = true
	_, err := gallery.Create(t.Context(), d.store, model.ForGallery(), s)
	check(t, err)
	for id, file := range map[string]string{"Anna": first, "Zoe": second} {
		r, body := d.form("/v1/galleries/faces/enroll", "id="+id, "image=@"+file)
		want[api.Enrolled](t, r, body)
	}
	// nearest are the ids that the faces are nearest to, from left to right; "" is a stranger.
	nearest := func() (ids []string) {
		r, body := d.form("/v1/galleries/faces/identify", "image=@"+both)
		found := want[api.Identified](t, r, body)
		slices.SortFunc(found.Results, func(a, b gallery.Result) int { return cmp.Compare(a.Box[0], b.Box[0]) })
		for _, r := range found.Results {
			ids = append(ids, r.Candidates[0].ID)
		}
		return ids
	}
	if ids := nearest(); !slices.Equal(ids, []string{"Anna", "Zoe"}) {
		t.Fatalf("nearest are %q, want Anna and Zoe", ids)
	}
	v := d.visit()
	v.do(choose("#galleries", "faces"), chromedp.SetUploadFiles("#gate-file", []string{both}))
	v.do(until("document.querySelectorAll('#verdicts article canvas').length === 2"))
	v.do(until(`[...document.querySelectorAll('#verdicts article canvas')].every(c => c.getContext('2d').getImageData(48, 48, 1, 1).data[3] === 255)`))
	v.shoot("gate-two-faces")
	v.do(script(`[...document.querySelectorAll('#verdicts button')].find(b => b.textContent === 'This is not Zoe').click()`))
	v.sees("#verdicts", "Kept as a stranger.")
	if ids := nearest(); !slices.Equal(ids, []string{"Anna", ""}) {
		t.Errorf("after Zoe was rejected nearest are %q, want Anna and a stranger", ids)
	}
}
