package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
	"github.com/siam-go/siam/onnx"
	"github.com/siam-go/siam/person"
	"github.com/siam-go/siam/track"
)

// openVideo makes a folder of frames of a video, where --seq names one. What it returns says what it is, and removes the frames.
func (a *app) openVideo(ctx context.Context, f *trackFlags) (video mot.Info, remove func(), err error) {
	info, err := os.Stat(f.seq)
	if f.seq == "" || err != nil || info.IsDir() || holdsRows(f.seq) {
		return video, func() {}, nil // reading it says what is wrong
	}
	if video, err = probe(ctx, f.seq); err != nil {
		return video, nil, err
	}
	if f.rate > 0 {
		video.Rate = f.rate
	}
	dir, err := os.MkdirTemp("", "siam-frames-*")
	if err != nil {
		return video, nil, fmt.Errorf("frames of %s: %w", f.seq, err)
	}
	remove = func() { os.RemoveAll(dir) }
	cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-nostdin", "-i", f.seq, "-map", "0:v:0", "-r", fmt.Sprint(video.Rate), "-q:v", "2", filepath.Join(dir, "%06d.jpg"))
	complaint, failed := cmd.CombinedOutput()
	if ctx.Err() != nil {
		remove()
		return video, nil, ctx.Err()
	}
	images, err := mot.OpenImages(dir)
	if err != nil {
		remove()
		return video, nil, fmt.Errorf("frames of %s: ffmpeg found none: %s", f.seq, firstLine(complaint))
	}
	if failed != nil || len(complaint) > 0 {
		a.say("%s is damaged or ends early, %d frames could be read: %s", f.seq, images.Last, firstLine(complaint))
	}
	video.Frames = images.Last
	f.name, f.seq = strings.TrimSuffix(filepath.Base(f.seq), filepath.Ext(f.seq)), dir
	return video, remove, nil
}

// holdsRows reports whether a file's name is that of detections, or of an archive with them.
func holdsRows(file string) bool {
	return slices.Contains([]string{".txt", ".csv", ".json", ".zip", ".tar", ".gz", ".tgz"}, strings.ToLower(filepath.Ext(file)))
}

// firstLine is the first line of what ffmpeg complains of, without the address of the part of it that speaks.
func firstLine(text []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(text), []byte("\n"))
	return string(speaker.ReplaceAll(line, nil))
}

var speaker = regexp.MustCompile(`^\[[^]]* @ 0x[0-9a-f]+\] `)

// probe asks ffprobe what a video is.
func probe(ctx context.Context, file string) (info mot.Info, err error) {
	for _, tool := range []string{"ffprobe", "ffmpeg"} {
		if _, err := exec.LookPath(tool); err != nil {
			return info, fmt.Errorf("%s is a file, and %s, which reads videos, is not installed: install ffmpeg, or name a folder of frames", file, tool)
		}
	}
	cmd := exec.CommandContext(ctx, "ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=avg_frame_rate,width,height", "-of", "json", file)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	text, err := cmd.Output()
	var found struct {
		Streams []struct {
			Rate          string `json:"avg_frame_rate"`
			Width, Height int
		}
	}
	if err != nil || json.Unmarshal(text, &found) != nil || len(found.Streams) == 0 {
		return info, fmt.Errorf("%s is no video that ffmpeg reads: %s", file, firstLine(complaint.Bytes()))
	}
	s := found.Streams[0]
	above, below, _ := strings.Cut(s.Rate, "/")
	n, err1 := strconv.ParseFloat(above, 64)
	d, err2 := strconv.ParseFloat(below, 64)
	info = mot.Info{Rate: 25, Width: s.Width, Height: s.Height}
	if rate := n / d; err1 == nil && err2 == nil && rate >= leastRate && rate <= 1000 {
		info.Rate = rate
	}
	return info, nil
}

// finds reports whether boxes are found in the frames themselves.
func (f trackFlags) finds() bool { return f.detector != "" || f.blobs }

// unseen is a sequence whose frames nobody has looked at yet.
func (f trackFlags) unseen(video mot.Info, images mot.Images) (mot.Sequence, error) {
	s := mot.Sequence{Name: cmp.Or(f.name, filepath.Base(filepath.Clean(f.seq))), Path: f.seq, Format: "mot", Info: video}
	if f.name == "" {
		var err error
		if s.Info, err = mot.ReadInfo(os.DirFS(f.seq), "seqinfo.ini"); err != nil && !os.IsNotExist(err) {
			return s, fmt.Errorf("read %s/seqinfo.ini: %w", f.seq, err)
		}
	}
	s.Info.Frames = images.Last
	for number := images.First; number <= images.Last; number++ {
		if m, err := images.Read(number); err == nil {
			s.Info.Width, s.Info.Height = m.W, m.H
			break
		}
	}
	return s, nil
}

// finder finds boxes in a frame.
type finder func(ctx context.Context, picture imgproc.Image) ([]track.Detection, error)

// openFinder is what finds boxes: a detector, or what moves before a still camera.
func (a *app) openFinder(f trackFlags, images mot.Images) (finder, func(), error) {
	if f.blobs {
		find, err := openBlobs(images)
		return find, func() {}, err
	}
	detector, closeDetector, err := a.openPeople(f.detector)
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context, picture imgproc.Image) (boxes []track.Detection, err error) {
		found, err := detector.Detect(ctx, picture)
		for _, d := range found {
			box := mot.Box{X: float64(d.Box.X), Y: float64(d.Box.Y), W: float64(d.Box.W), H: float64(d.Box.H)}
			boxes = append(boxes, track.Detection{Box: box, Score: float64(d.Score)})
		}
		return boxes, err
	}, closeDetector, nil
}

// openBlobs learns the background from frames all over the video.
func openBlobs(images mot.Images) (finder, error) {
	const learned = 30
	var some []imgproc.Image
	step := max(1, (images.Last-images.First)/learned)
	for number := images.First; number <= images.Last; number += step {
		if m, err := images.Read(number); err == nil {
			some = append(some, m)
		}
	}
	if len(some) == 0 {
		return nil, fmt.Errorf("none of the frames in %s that the background is learned from can be read", images.Dir)
	}
	blobs := track.NewBlobs(some)
	return func(_ context.Context, picture imgproc.Image) ([]track.Detection, error) {
		return blobs.Find(picture), nil
	}, nil
}

// openPeople opens a detector of people: an ONNX file, or a model that siam import made of one.
func (a *app) openPeople(file string) (*person.Detector, func(), error) {
	network, err := readPeople(file)
	if err != nil {
		return nil, nil, err
	}
	outputs := network.Outputs()
	if len(outputs) != 1 {
		return nil, nil, fmt.Errorf("%s has %d outputs, and YOLOX, which finds people, has one", file, len(outputs))
	}
	if !takes(network, peopleImage) {
		return nil, nil, fmt.Errorf("%s takes images of another shape than YOLOX, which finds people in 3 channels of 416×416 pixels", file)
	}
	backend, err := a.newBackend()
	if err != nil {
		return nil, nil, err
	}
	run, err := onnx.NewNetwork(backend, network, outputs[0].Name)
	if err != nil {
		backend.Finalize()
		return nil, nil, fmt.Errorf("open detector %s: %w", file, err)
	}
	return person.NewDetector(run), func() { run.Close(); backend.Finalize() }, nil
}

// peopleImage is the shape of what a network sees that finds people: images, channels, height, width.
var peopleImage = []int{1, 3, 416, 416}

// takes reports whether a network's one input may have a shape.
func takes(network *onnx.Model, shape []int) bool {
	inputs := network.Inputs()
	if len(inputs) != 1 || inputs[0].Shape == nil {
		return len(inputs) == 1
	}
	return slices.EqualFunc(inputs[0].Shape, shape, func(has, want int) bool { return has < 0 || has == want })
}

func readPeople(file string) (*onnx.Model, error) {
	model, err := modelfile.Read(file)
	if err != nil {
		return readNetwork(file)
	}
	network := model.Networks[encoder.EncoderNetwork]
	if network == nil {
		return nil, errors.New(file + " holds no ONNX network: want YOLOX")
	}
	m, err := onnx.Decode(network)
	if err != nil {
		return nil, fmt.Errorf("the network in %s: %w", file, err)
	}
	return m, nil
}
