package report

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/png"
	"strings"
	"testing"
)

func TestAGroupHoldsItsMasksAndHowAlikeItsPlacesAre(t *testing.T) {
	g := Group{
		Threshold: 0.5, Alike: [][][]float32{{{-1, 0, 1, 0.5}}},
		Images: []GroupImage{{
			Name: "</script>.png", Picture: image.NewNRGBA(image.Rect(0, 0, 2, 1)), Probability: []float32{0.2, 1.5}, Present: true, Rows: 1, Columns: 2, Seen: [4]float64{0, 0, 1, 1},
		}},
	}
	html, err := g.HTML()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(html), `<script type="application/json">`)
	text, _, ok := strings.Cut(rest, "</script>")
	var data GroupData
	if err := json.Unmarshal([]byte(text), &data); err != nil || !ok {
		t.Fatalf("the page's data: %v in %.80q", err, text)
	}
	if got := data.Images[0].Name; got != "</script>.png" {
		t.Errorf("name %q", got)
	}
	if got, _ := base64.StdEncoding.DecodeString(data.Alike[0][0]); !bytes.Equal(got, []byte{1, 128, 255, 191}) {
		t.Errorf("cosines are written %v, want [1 128 255 191]", got)
	}
	encoded, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(data.Images[0].Mask, "data:image/png;base64,"))
	mask, err := png.Decode(bytes.NewReader(encoded))
	if err != nil {
		t.Fatal(err)
	}
	if got := mask.(*image.Gray).Pix; !bytes.Equal(got, []byte{51, 255}) {
		t.Errorf("the mask is %v, want [51 255]", got)
	}
	g.Images[0].Probability = nil
	if _, err := g.HTML(); err == nil || !strings.Contains(err.Error(), "0 values for 2×1 pixels") {
		t.Errorf("a mask of another size: %v", err)
	}
}
