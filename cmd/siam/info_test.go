package main

import (
	"strings"
	"testing"

	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/modelfile"
)

func TestInfoTellsWhatIsNoEncoderOfImages(t *testing.T) {
	vectors, err := encoder.NewFile(encoder.MLP(12), "cosine", nil)
	if err != nil {
		t.Fatal(err)
	}
	own := *vectors
	own.Spec = []byte(`{"arch":"my-cnn","preprocess":{"height":28,"width":28,"channels":1},"dim":64,"settings":{"side":7}}`)
	rounded := *vectors
	rounded.Spec = []byte(`{"arch":"onnx","preprocess":{"height":28,"width":28,"channels":1},"dim":64,"outputs":["y"],"precision":"bf16"}`)
	other := &modelfile.File{Kind: "tracker", Spec: []byte(`{"states":4}`), Distance: "cosine"}
	for want, file := range map[string]*modelfile.File{
		"encoder      mlp, 64 numbers, vectors of 12\n":                                 vectors,
		"encoder      my-cnn, 64 numbers, 28×28 pixels, 1 channel(s)\n":                 &own,
		"encoder      onnx, 64 numbers, 28×28 pixels, 1 channel(s), computed in bf16\n": &rounded,
		"tracker      {\"states\":4}\n":                                                 other,
	} {
		if text := describe("m.safetensors", file).text(); !strings.HasPrefix(text, want) {
			t.Errorf("info of a model of kind %s = %q, want it to begin with %q", file.Kind, text, want)
		}
	}
	other.Distance = ""
	if text := describe("m.safetensors", other).text(); !strings.Contains(text, "\ndistance     none\n") {
		t.Errorf("info of a model that compares nothing = %q, want no distance", text)
	}
}

func TestThresholdsShowWhatTheyAre(t *testing.T) {
	for threshold, want := range map[float32]string{0: "0.0000", 0.5: "0.5000", 0.00123: "0.0012", 0.0000025093714: "2.5e-06", -0.25: "-0.2500"} {
		if text := thresholdText(threshold); text != want {
			t.Errorf("threshold %g is shown as %s, want %s", threshold, text, want)
		}
	}
}
