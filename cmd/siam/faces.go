package main

import (
	"context"
	"fmt"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/detect"
	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/judge"
	"github.com/spf13/cobra"
)

// faceFlags are those of commands that read faces in photographs.
type faceFlags struct {
	faces, mirror bool
	detector      string
	again         int
}

func (f *faceFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.faces, "faces", false, "the images are photographs: find the faces in them, and lay each straight")
	flags.BoolVar(&f.mirror, "mirror", false, "with --faces, average each face and its mirror image, which some encoders gain by: twice the work")
	flags.StringVar(&f.detector, "detector", "", "with --faces, YuNet ONNX `file` to find them with; the model's own when not given")
	flags.IntVar(&f.again, "small-faces", 0, "with --faces, look a second time at large photographs, at up to `PIXELS` of their longer side (2560, say): for small faces; it takes as many looks as the side has 480 pixels, squared")
}

func (f *faceFlags) check() error {
	switch {
	case !f.faces && (f.mirror || f.detector != "" || f.again != 0):
		return usagef("--mirror, --detector and --small-faces are for --faces")
	case f.again != 0 && f.again <= face.MaxSide:
		return usagef("--small-faces %d: want more than the %d pixels of the first look", f.again, face.MaxSide)
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
	pipeline.Mirror, pipeline.Detector.LookAgain = f.mirror, f.again
	return pipeline, nil
}

// view takes photographs whole, or, with --faces, the faces that some takes out of them.
func (f *faceFlags) view(model *siam.Model, some func(*face.Pipeline) judge.View) (judge.View, error) {
	if !f.faces {
		return judge.Whole(model), nil
	}
	pipeline, err := f.pipeline(model)
	if err != nil {
		return judge.View{}, err
	}
	return some(pipeline), nil
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
	photos, err := readPhotos(ctx, files, pipeline.Detector.Enough)
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
