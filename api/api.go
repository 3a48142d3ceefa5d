// Package api has the shapes of what a siam server answers, which are those that siam's commands print as JSON (docs/json.md).
package api

import (
	"time"

	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/report"
)

// Verdict is the answer about two images.
type Verdict struct {
	Same      bool    `json:"same" doc:"the distance is at most the threshold"`
	Distance  float32 `json:"distance"`
	Threshold float32 `json:"threshold"`
	// Photographs are the faces that were compared, where faces were asked for.
	Photographs []Compared `json:"photographs,omitempty"`
}

// Compared is the face that was compared in a photograph.
type Compared struct {
	File  string     `json:"file"`
	Box   [4]float32 `json:"box" doc:"left, top, width, height, pixels"`
	Score float32    `json:"score" doc:"of the detector, in [0, 1]"`
	Faces int        `json:"faces" doc:"how many there are in the photograph"`
}

// Embedded is embeddings of images, or of the faces in them.
type Embedded struct {
	Model      string      `json:"model" doc:"content hash: embeddings of another model must not be compared with these"`
	Dim        int         `json:"dim"`
	Files      []string    `json:"files"`
	Embeddings [][]float32 `json:"embeddings"`
	Skipped    []Skipped   `json:"skipped"`
}

// Skipped is an image that was not used.
type Skipped struct {
	File string `json:"file"`
	Why  string `json:"why"`
}

// Enrolled is what became of images to enroll.
type Enrolled struct {
	Gallery  string                  `json:"gallery"`
	Enrolled int                     `json:"enrolled" doc:"images added"`
	IDs      int                     `json:"ids" doc:"among them"`
	Images   []gallery.EnrolledImage `json:"images"`
	Skipped  []Skipped               `json:"skipped"`
}

// Identified is verdicts on faces or images.
type Identified struct {
	Results  []gallery.Result `json:"results"`
	Faceless []string         `json:"faceless" doc:"photographs in which no face was found"`
}

// Bursts is one verdict of each gallery on several images of one person.
type Bursts struct {
	Results []gallery.BurstResult `json:"results"`
}

// Rejected is how many faces were kept as strangers.
type Rejected struct {
	Gallery  string `json:"gallery"`
	Rejected int    `json:"rejected"`
}

// Removed is the ids that were erased.
type Removed struct {
	Gallery string   `json:"gallery"`
	IDs     []string `json:"ids"`
}

// Listed is who is enrolled in a gallery.
type Listed struct {
	Gallery string             `json:"gallery"`
	IDs     []gallery.Identity `json:"ids"`
}

// Galleries is those of a store.
type Galleries struct {
	Galleries []gallery.Settings `json:"galleries"`
}

// Reviewed is what waits for a person to decide.
type Reviewed struct {
	Gallery string        `json:"gallery"`
	Groups  []ReviewGroup `json:"groups" doc:"faces that look alike"`
}

// ReviewGroup is faces that look alike.
type ReviewGroup struct {
	Like  string       `json:"like,omitempty" doc:"an id"`
	Faces []ReviewFace `json:"faces"`
}

// ReviewFace is a face that waits.
type ReviewFace struct {
	Key      string    `json:"key"`
	File     string    `json:"file"`
	When     time.Time `json:"when"`
	Expires  time.Time `json:"expires"`
	Reason   string    `json:"reason"`
	Like     string    `json:"like,omitempty"`
	Distance *float32  `json:"distance,omitempty"`
}

// ReviewedOf is what a gallery's queue holds.
func ReviewedOf(name string, groups []gallery.Group) Reviewed {
	out := Reviewed{name, []ReviewGroup{}}
	for _, group := range groups {
		g := ReviewGroup{Like: group.Like}
		for _, e := range group.Faces {
			g.Faces = append(g.Faces, ReviewFace{e.Key, e.Name, e.When, e.Expires, e.Note, e.ID, e.Distance})
		}
		out.Groups = append(out.Groups, g)
	}
	return out
}

// Audited is the state of the audit log, up to its last line or the last that was asked for, and lines of it.
type Audited struct {
	Lines int64          `json:"lines" doc:"the last line that was verified"`
	Hash  string         `json:"hash" doc:"of that line: note it, to ask later whether the log still holds it"`
	Holds bool           `json:"holds"`
	Log   []gallery.Line `json:"log,omitempty"`
}

// AuditedPart is the state of some lines of the audit log.
type AuditedPart struct {
	Audited
	From   int64  `json:"from" doc:"the first line that was verified"`
	Before string `json:"before,omitempty" doc:"hash of the line before it"`
	More   bool   `json:"more" doc:"there are lines after the last: ask for those from the next one"`
}

// Models is those that a server holds.
type Models struct {
	Models []Model  `json:"models"`
	Masks  []string `json:"masks" doc:"models of co-segmentation: names of files"`
}

// Model is a model that a server holds.
type Model struct {
	Hash      string   `json:"hash"`
	File      string   `json:"file" doc:"its name, without the folder"`
	Distance  string   `json:"distance"`
	Dim       int      `json:"dim" doc:"numbers of an embedding"`
	Threshold *float32 `json:"threshold,omitempty"`
	Faces     bool     `json:"faces" doc:"it finds the faces in photographs"`
}

// Probes is embeddings to be identified, as /v1/embed answers them.
type Probes struct {
	Model      string      `json:"model,omitempty" doc:"content hash of the model that made them; checked where it is given"`
	Embeddings [][]float32 `json:"embeddings" minItems:"1" maxItems:"1024" nullable:"false"`
	Files      []string    `json:"files,omitempty" doc:"names of the embeddings, for people"`
	Top        int         `json:"top,omitempty" minimum:"1" maximum:"1000" doc:"how many of the nearest ids to list; 5 where it is not given"`
}

// IDs is ids of one gallery.
type IDs struct {
	IDs []string `json:"ids" minItems:"1" maxItems:"10000" nullable:"false"`
}

// Decision is what to do about faces that wait for review, named by their keys.
type Decision struct {
	Enroll   []string `json:"enroll,omitempty" doc:"make these images of id"`
	ID       string   `json:"id,omitempty"`
	Stranger []string `json:"stranger,omitempty" doc:"keep these as strangers, who compete with ids"`
	Dismiss  []string `json:"dismiss,omitempty" doc:"erase these"`
}

// Promise is what a calibration is to promise, and by whom it learns besides those who are enrolled and those who were rejected.
type Promise struct {
	FPIR float64 `json:"fpir,omitempty" exclusiveMinimum:"0" exclusiveMaximum:"1" doc:"strangers answered match; 0.01 where it is not given"`
	Miss float64 `json:"miss,omitempty" exclusiveMinimum:"0" exclusiveMaximum:"1" doc:"enrolled people answered no match; 0.02 where it is not given"`

	Strangers []Person          `json:"strangers,omitempty" doc:"people who are not enrolled"`
	Groups    map[string]string `json:"groups,omitempty" doc:"the group of people, by id or name: the rate is then promised within each group"`
	Try       bool              `json:"try,omitempty" doc:"answer what is found, and leave the gallery as it is"`
}

// Person is embeddings of one person, as /v1/embed answers them.
type Person struct {
	Name       string      `json:"name"`
	Embeddings [][]float32 `json:"embeddings" minItems:"1" nullable:"false"`
}

// Map is embeddings of a gallery on a plane.
type Map struct {
	Gallery   string     `json:"gallery"`
	Method    string     `json:"method"`
	Of        int        `json:"of" doc:"images in the gallery, of which the map shows some where there are many"`
	Explained [2]float64 `json:"explained" doc:"share of the variance that each axis of pca shows; 0 of tsne"`
	Points    []Point    `json:"points"`
}

// Point is the place of an image on a map.
type Point struct {
	ID       string  `json:"id" doc:"empty for a stranger who was rejected"`
	X        float64 `json:"x"`
	Y        float64 `json:"y"`
	Stranger bool    `json:"stranger,omitempty"`
}

// Judged is a verdict as it is told to those who listen.
type Judged struct {
	Number  int64           `json:"number" doc:"of the server's verdicts since it started"`
	Time    time.Time       `json:"time"`
	Gallery string          `json:"gallery"`
	Who     string          `json:"who" doc:"the name of the key that asked"`
	Result  gallery.Verdict `json:"result"`
}

// ProgressSuffix ends the names of files of progress, after that of the model.
const ProgressSuffix = ".progress"

// Trainings is those of a server's folder of models that have not ended.
type Trainings struct {
	Trainings []Training `json:"trainings"`
}

// Training is how far a training is. siam train writes it beside its checkpoint.
type Training struct {
	Model      string       `json:"model" doc:"name of the file that it will be"`
	Recipe     string       `json:"recipe"`
	Data       string       `json:"data" doc:"name of what it learns from"`
	State      string       `json:"state" enum:"running,stopped,failed"`
	Step       int          `json:"step"`
	Steps      int          `json:"steps"`
	Started    time.Time    `json:"started"`
	Updated    time.Time    `json:"updated"`
	First      int          `json:"first" doc:"the step at which it was started, or went on"`
	Loss       [][2]float64 `json:"loss" doc:"step and smoothed loss"`
	Validation [][2]float64 `json:"validation" doc:"step and what is measured, in [0, 1]"`
	Measure    string       `json:"measure" enum:"accuracy,jaccard" doc:"what a validation measures: the part of its questions that are answered rightly, or the mean Jaccard index of masks"`
	Note       string       `json:"note,omitempty"`
	Examples   []Example    `json:"examples,omitempty" doc:"one-shot episodes, as the network of the last validation answers them, where it learns which images show the same"`
	Masks      []Masked     `json:"masks,omitempty" doc:"what the network of the last validation masks, where it learns masks"`
}

// Masked is an image, and what a network masks of it as shared with another; pictures are data URLs.
type Masked struct {
	Picture string  `json:"picture"`
	Beside  string  `json:"beside" doc:"the other image"`
	Found   string  `json:"found" doc:"the image outside the network's mask darkened"`
	Truth   string  `json:"truth" doc:"the image outside the true mask darkened"`
	Jaccard float64 `json:"jaccard" doc:"Jaccard index of the two masks, in [0, 1]"`
}

// Example is an image, and some to choose from, one of which shows the same.
type Example struct {
	Picture string   `json:"picture" doc:"data URL"`
	Answers []Answer `json:"answers" doc:"nearest first"`
}

// Answer is one of the images of an [Example] to choose from.
type Answer struct {
	Picture  string  `json:"picture" doc:"data URL"`
	Distance float32 `json:"distance"`
	Same     bool    `json:"same" doc:"whether it is the right one"`
}

// Problem is an error (RFC 9457).
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail" doc:"what is wrong, and what to do"`
	Errors []struct {
		Message  string `json:"message"`
		Location string `json:"location"`
	} `json:"errors,omitempty"`
}

// Health is how a server is.
type Health struct {
	Status string `json:"status" doc:"ok"`
}

// Login is the key of whoever uses the page.
type Login struct {
	Key string `json:"key" minLength:"1" maxLength:"200"`
}

// Session is what a key may do.
type Session struct {
	Name      string   `json:"name"`
	Roles     []string `json:"roles"`
	Galleries []string `json:"galleries,omitempty" doc:"those that the key is for; all where there are none"`
}

// Masks is what images share, and what a page needs to show it.
type Masks struct {
	Model             string  `json:"model"` // name of its file
	PresenceThreshold float64 `json:"presence_threshold"`
	Found             []Mask  `json:"found"` // of each image
	report.GroupData
}

// Mask is what was found of one image.
type Mask struct {
	Presence float64 `json:"presence"` // how sure it is that the image shows what the others do, in [0, 1]
	Present  bool    `json:"present"`
	Area     float64 `json:"area"` // the part of the image that its mask covers, in [0, 1]
}

// Tracks are pages of tracked videos.
type Tracks struct {
	Tracks []Track `json:"tracks"`
}

// Track is one of them, at /v1/tracks/FILE.
type Track struct {
	Name    string    `json:"name"`
	File    string    `json:"file"`
	Bytes   int64     `json:"bytes"`
	Updated time.Time `json:"updated"`
}
