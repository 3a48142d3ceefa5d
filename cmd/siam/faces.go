package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/detect"
	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/imgproc"
	"github.com/spf13/cobra"
)

// faceFlags are those of commands that read faces in photographs.
type faceFlags struct {
	faces, mirror bool
	detector      string
}

func (f *faceFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.faces, "faces", false, "the images are photographs: find the faces in them, and lay each straight")
	flags.BoolVar(&f.mirror, "mirror", false, "with --faces, average each face and its mirror image, which some encoders gain by: twice the work")
	flags.StringVar(&f.detector, "detector", "", "with --faces, YuNet ONNX `file` to find them with; the model's own when not given")
}

func (f *faceFlags) check() error {
	if !f.faces && (f.mirror || f.detector != "") {
		return usagef("--mirror and --detector are for --faces")
	}
	return nil
}

// pipeline makes what --faces asks for.
func (f *faceFlags) pipeline(model *siam.Model) (*face.Pipeline, error) {
	var detector []byte
	if f.detector != "" {
		var err error
		if detector, err = readDetector(f.detector); err != nil {
			return nil, err
		}
	}
	pipeline, err := model.Faces(detector)
	if err != nil {
		return nil, err
	}
	pipeline.Mirror = f.mirror
	return pipeline, nil
}

// faceInfo is a face in what is printed as JSON.
type faceInfo struct {
	File  string     `json:"file"`
	Box   [4]float32 `json:"box"` // left, top, width, height, pixels
	Score float32    `json:"score"`
	Faces int        `json:"faces"` // how many there are in the photograph
}

func infoOf(file string, d detect.Detection, faces int) faceInfo {
	return faceInfo{file, [4]float32{d.Box.X, d.Box.Y, d.Box.W, d.Box.H}, d.Score, faces}
}

// facesVerdict is what siam compare --faces prints as JSON.
type facesVerdict struct {
	siam.Verdict
	Photographs [2]faceInfo `json:"photographs"` // the face that was compared in each
}

// compareFaces compares the main faces of two photographs.
func (a *app) compareFaces(ctx context.Context, model *siam.Model, flags faceFlags, files []string) error {
	pipeline, err := flags.pipeline(model)
	if err != nil {
		return err
	}
	photos, err := readPhotos(files)
	if err != nil {
		return err
	}
	faces, counts, err := pipeline.EmbedMain(ctx, photos)
	if err != nil {
		return err
	}
	for i, count := range counts {
		if count == 0 {
			return fmt.Errorf("no face was found in %s: take a photograph that shows one, or compare without --faces", files[i])
		}
	}
	verdict, err := model.Judge(model.Distance(faces[0].Embedding, faces[1].Embedding))
	if err != nil {
		return err
	}
	if !verdict.Same {
		a.exit = exitDifferent
	}
	result := facesVerdict{Verdict: verdict}
	text := verdict.Sentence() + "\n"
	for i, file := range files {
		result.Photographs[i] = infoOf(file, faces[i].Detection, counts[i])
		if counts[i] > 1 {
			text += fmt.Sprintf("%s shows %d faces; the main one was compared\n", file, counts[i])
		}
	}
	return a.print(result, text)
}

// embedFaces embeds all faces of photographs; the i-th of several in one file is called FILE#i. A photograph without a face is
// mentioned and left out.
func (a *app) embedFaces(ctx context.Context, model *siam.Model, flags faceFlags, files []string) (names []string, rows [][]float32, err error) {
	pipeline, err := flags.pipeline(model)
	if err != nil {
		return nil, nil, err
	}
	photos, err := readPhotos(files)
	if err != nil {
		return nil, nil, err
	}
	lists, err := pipeline.Embed(ctx, photos)
	if err != nil {
		return nil, nil, err
	}
	var faceless []string
	for i, list := range lists {
		if len(list) == 0 {
			faceless = append(faceless, files[i])
		}
		for j, f := range list {
			name := files[i]
			if len(list) > 1 {
				name = fmt.Sprintf("%s#%d", name, j+1)
			}
			names, rows = append(names, name), append(rows, f.Embedding)
		}
	}
	if len(rows) == 0 {
		return nil, nil, fmt.Errorf("no face was found in %s: embed without --faces", strings.Join(faceless, ", "))
	}
	for _, file := range faceless {
		fmt.Fprintf(a.stderr, "siam: no face was found in %s: it is left out\n", file)
	}
	return names, rows, nil
}

func readPhotos(files []string) ([]imgproc.Image, error) {
	photos := make([]imgproc.Image, len(files))
	for i, file := range files {
		var err error
		if photos[i], err = imgproc.ReadFile(file); err != nil {
			return nil, err
		}
	}
	return photos, nil
}
