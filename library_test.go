package siam_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"io"
	"log"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/sqlite"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/realdata"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/onnx"
	"github.com/siam-go/siam/recipe"
)

// The programs of docs/library.md.

func ExampleOpen() {
	model, err := siam.Open("testdata/strokes.safetensors")
	if err != nil {
		log.Fatal(err) // names the file, and says what is wrong with it
	}
	defer model.Close()
	fmt.Println(model.Spec().Dim, "numbers an embedding")
	// Output: 32 numbers an embedding
}

func ExampleModel_Embed() {
	model, err := siam.Open("testdata/strokes.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	rows, err := model.Embed(context.Background(), readImage("testdata/a.png"), readImage("testdata/other.png"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(rows), "embeddings of", len(rows[0]), "numbers")
	// Output: 2 embeddings of 32 numbers
}

func ExampleModel_Compare() {
	model, err := siam.Open("testdata/strokes.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	verdict, err := model.Compare(context.Background(), readImage("testdata/a.png"), readImage("testdata/other.png"))
	if errors.Is(err, siam.ErrNoThreshold) {
		log.Fatal("use model.Distance, or choose a threshold")
	} else if err != nil {
		log.Fatal(err)
	}
	fmt.Println(verdict.Same, verdict.Distance > verdict.Threshold)
	// Output: false true
}

func ExampleModel_NamedDistance() {
	ctx := context.Background()
	model, err := siam.Open("testdata/strokes.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	known, err := model.Embed(ctx, readImage("testdata/other.png"), readImage("testdata/same-as-a.png"))
	if err != nil {
		log.Fatal(err)
	}
	index, err := distance.NewIndex(model.NamedDistance(), known)
	if err != nil {
		log.Fatal(err)
	}
	query, err := model.Embed(ctx, readImage("testdata/a.png"))
	if err != nil {
		log.Fatal(err)
	}
	nearest, err := index.Nearest(ctx, 1, query...)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("nearest to a.png is known image", nearest[0][0].Row)
	// Output: nearest to a.png is known image 1
}

// embedFolder embeds all images of a folder or an archive, as many at a time as memory does not mind, and names each embedding.
func embedFolder(ctx context.Context, model *siam.Model, name string) (map[string][]float32, error) {
	folder, err := dataset.OpenFolder(name)
	if err != nil {
		return nil, err
	}
	folder.Enough = model.Spec().Preprocess.Enough // decodes large photographs no finer than the model looks at them
	found, err := folder.List()
	if err != nil {
		return nil, err
	}
	for _, s := range found.Skipped {
		log.Printf("skipped %s: %s", s.File, s.Why)
	}
	embeddings, i := map[string][]float32{}, -1
	for photo, err := range folder.Photos(ctx, found.Images) { // in order, decoded on all cores a few ahead
		i++
		var damaged *dataset.FileError
		if errors.As(err, &damaged) {
			log.Print(damaged) // and go on with the others
			continue
		} else if err != nil {
			return nil, err
		}
		rows, err := model.EmbedImages(ctx, []imgproc.Image{photo.Image})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", found.Images[i], err)
		}
		embeddings[found.Images[i]] = rows[0]
	}
	return embeddings, nil
}

func Example_folder() {
	model, err := siam.Open("testdata/strokes.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	log.SetOutput(io.Discard)
	defer log.SetOutput(os.Stderr)
	embeddings, err := embedFolder(context.Background(), model, "testdata")
	if err != nil {
		log.Fatal(err)
	}
	for _, file := range slices.Sorted(maps.Keys(embeddings)) {
		fmt.Println(file, len(embeddings[file]), "numbers")
	}
	// Output:
	// a.png 32 numbers
	// other.png 32 numbers
	// same-as-a.png 32 numbers
}

// learn trains a small network on a folder with a folder of images for each thing, and writes the model.
func learn(ctx context.Context, folder, file string) error {
	backend, err := siam.NewBackend("cpu", 0)
	if err != nil {
		return err
	}
	defer backend.Finalize()
	things, err := dataset.OpenFolder(folder)
	if err != nil {
		return err
	}
	set, err := dataset.ReadLabelled(ctx, things, dataset.AlphabetOptions{})
	if err != nil {
		return err
	}
	r := recipe.Things()
	for key, value := range map[string]string{
		"size": "32", "widths": "[8,16]", "dim": "16", "steps": "30", "every": "30", "people": "8", "colour": "false",
	} {
		if err := r.Settings.Set(key, value); err != nil {
			return err
		}
	}
	for step, err := range r.Train(ctx, recipe.Job{Backend: backend, Background: set, Seed: 1}) {
		if err != nil {
			return err
		}
		if step.Model != nil { // the last one has it
			return step.Model.Write(file)
		}
	}
	return errors.New("the training ended without a model")
}

// things writes a folder of invented things.
func things(t testing.TB) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "things")
	set, err := dataset.Generate(t.Context(), dataset.GenerateOptions{Alphabets: 1, Characters: 40, Drawers: 6, Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	for i, item := range set.Items {
		name := filepath.Join(folder, filepath.Base(set.Classes[item.Label].Name), fmt.Sprint(i, ".png"))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		var encoded bytes.Buffer
		if err := png.Encode(&encoded, item.Pixels().GoImage()); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, encoded.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestLibraryTrainsOnAFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "things.safetensors")
	if err := learn(t.Context(), things(t), file); err != nil {
		t.Fatal(err)
	}
	model, err := siam.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	if model.File().Calibration == nil {
		t.Error("the trained model has no threshold")
	}
}

func Example_judge() {
	ctx := context.Background()
	model, err := siam.Open("testdata/strokes.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	unseen, err := dataset.Generate(ctx, dataset.GenerateOptions{Alphabets: 3, Characters: 20, Drawers: 4, Seed: 99})
	if err != nil {
		log.Fatal(err)
	}
	result, err := judge.OneShot(ctx, model, unseen, judge.OneShotTest{Ways: 20, Shots: 1, Trials: 500, Pairs: 1000, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("better than guessing:", result.Within.CI95[0] > 1.0/20)
	// Output: better than guessing: true
}

// throughONNX writes a model as an ONNX file for other programs, and reads that file as anybody's network is read.
func throughONNX(ctx context.Context, model *siam.Model, file string) (*siam.Model, error) {
	backend, err := siam.NewBackend("cpu", 0)
	if err != nil {
		return nil, err
	}
	defer backend.Finalize()
	network, err := onnx.Export(backend, model.File())
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, network, 0o644); err != nil {
		return nil, err
	}
	read, err := onnx.ReadFile(file)
	if err != nil {
		return nil, err
	}
	imported, _, err := onnx.Import(ctx, backend, read, onnx.ImportOptions{}) // of others: Preprocess, Outputs, Pool, Distance
	if err != nil {
		return nil, err
	}
	return siam.New(imported)
}

func TestLibraryExportsAndImports(t *testing.T) {
	model := open(t)
	back, err := throughONNX(t.Context(), model, filepath.Join(t.TempDir(), "strokes.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	a := readImage("testdata/a.png")
	if d := model.Distance(embed(t, model, a)[0], embed(t, back, a)[0]); d > 1e-5 {
		t.Errorf("the imported network's embedding is at distance %v from the model's own, want 0", d)
	}
}

// faces returns the embeddings of all faces in a photograph. detector is YuNet as an ONNX file; a model imported with one needs none.
func faces(ctx context.Context, model *siam.Model, detector []byte, photo imgproc.Image) ([][]float32, error) {
	pipeline, err := model.Faces(detector)
	if err != nil {
		return nil, err
	}
	found, err := pipeline.Embed(ctx, []imgproc.Image{photo})
	if err != nil {
		return nil, err
	}
	var rows [][]float32
	for _, face := range found[0] { // with its Box and Score
		rows = append(rows, face.Embedding)
	}
	return rows, nil
}

func TestLibraryFindsNoFaceInADrawing(t *testing.T) {
	detector, err := os.ReadFile(realdata.Network(t, "face_detect_yunet/yunet_s_dynamic.onnx"))
	if err != nil {
		t.Skip(err)
	}
	found, err := faces(t.Context(), open(t), detector, imgproc.FromImage(readImage("testdata/a.png")))
	if err != nil || len(found) != 0 {
		t.Errorf("faces of a drawing: %d, %v, want none", len(found), err)
	}
}

func Example_serve() {
	model, err := siam.Open("testdata/strokes.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	picture := readImage("testdata/a.png")
	var all sync.WaitGroup
	for range 8 { // requests of a server: their images share batches
		all.Go(func() {
			if _, err := model.Embed(context.Background(), picture); err != nil {
				log.Print(err)
			}
		})
	}
	all.Wait()
	fmt.Println("served")
	// Output: served
}

func Example_gallery() {
	ctx := context.Background()
	model, err := siam.Open("testdata/strokes.safetensors")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	folder, err := os.MkdirTemp("", "gallery")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	store, err := sqlite.Open(ctx, filepath.Join(folder, "gate.db"), sqlite.Options{Create: true})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	known := model.ForGallery()
	g, err := gallery.Create(ctx, store, known, known.Settings("main", gallery.Access), gallery.As("the gate"))
	if err != nil {
		log.Fatal(err)
	}
	look := func(file string) gallery.Photograph { // a program with photographs gives a pipeline of model.Faces in place of nil
		faces, err := model.GalleryFaces(ctx, nil, true, imgproc.Photos(imgproc.FromImage(readImage(file))))
		if err != nil {
			log.Fatal(err)
		}
		return gallery.Photograph{Name: file, Faces: faces[0]}
	}
	if _, err := g.Enroll(ctx, gallery.Enrolment{ID: "Anna", Name: "a.png", Face: look("testdata/a.png").Faces[0]}); err != nil {
		log.Fatal(err)
	}
	results, err := g.Identify(ctx, []gallery.Photograph{look("testdata/same-as-a.png"), look("testdata/other.png")}, gallery.IdentifyOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range results {
		fmt.Println(r.Outcome, r.ID, r.Action)
	}
	// Output:
	// refer Anna desk
	// no_match  desk
}

var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

func TestLibraryPageShowsTestedCode(t *testing.T) {
	code, err := os.ReadFile("library_test.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("docs/library.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := goBlock.FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 10 { // export and import are one
		t.Errorf("docs/library.md shows %d programs, want eleven", len(blocks))
	}
	flat := strings.ReplaceAll(string(code), "\t", "")
	for _, block := range blocks {
		if !strings.Contains(flat, strings.ReplaceAll(block[1], "\t", "")) {
			t.Errorf("no tested program has this code of docs/library.md:\n%s", block[1])
		}
	}
}
