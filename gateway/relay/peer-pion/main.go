// Command peer-pion is the relay's peer in its bench: WHIP in, WHEP out, on pion/webrtc, as small as a correct one can be.
// It checks no token and records nothing: what it does not do costs it nothing, so the comparison is in its favour.
package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/pion/dtls/v3"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

type relay struct {
	api   *webrtc.API
	mu    sync.Mutex
	track *webrtc.TrackLocalStaticRTP
}

func main() {
	var settings webrtc.SettingEngine
	// The same cipher as the relay beside it negotiates.
	settings.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM)
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	var media webrtc.MediaEngine
	must(media.RegisterDefaultCodecs())
	interceptors := &interceptor.Registry{}
	must(webrtc.RegisterDefaultInterceptors(&media, interceptors))
	api := webrtc.NewAPI(webrtc.WithMediaEngine(&media), webrtc.WithSettingEngine(settings), webrtc.WithInterceptorRegistry(interceptors))
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000}, "video", "relay")
	must(err)
	r := &relay{api: api, track: track}
	http.HandleFunc("POST /video/whip/{stream}", r.answer(r.publish))
	http.HandleFunc("POST /video/whep/{stream}", r.answer(r.view))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	// The bench ends it by closing its input.
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	must(http.Serve(listener, nil))
}

func (r *relay) publish(peer *webrtc.PeerConnection) error {
	peer.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		buffer := make([]byte, 1500)
		for {
			n, _, err := remote.Read(buffer)
			if err != nil {
				return
			}
			if _, err := r.track.Write(buffer[:n]); err != nil && !errors.Is(err, io.ErrClosedPipe) {
				return
			}
		}
	})
	return nil
}

func (r *relay) view(peer *webrtc.PeerConnection) error {
	sender, err := peer.AddTrack(r.track)
	if err != nil {
		return err
	}
	go func() {
		buffer := make([]byte, 1500)
		for {
			if _, _, err := sender.Read(buffer); err != nil {
				return
			}
		}
	}()
	return nil
}

func (r *relay) answer(prepare func(*webrtc.PeerConnection) error) http.HandlerFunc {
	return func(w http.ResponseWriter, request *http.Request) {
		offer, err := io.ReadAll(io.LimitReader(request.Body, 100_000))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		peer, err := r.api.NewPeerConnection(webrtc.Configuration{})
		if err == nil {
			err = prepare(peer)
		}
		if err == nil {
			err = peer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: string(offer)})
		}
		var answer webrtc.SessionDescription
		if err == nil {
			answer, err = peer.CreateAnswer(nil)
		}
		gathered := webrtc.GatheringCompletePromise(peer)
		if err == nil {
			err = peer.SetLocalDescription(answer)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		<-gathered
		w.Header().Set("Content-Type", "application/sdp")
		w.Header().Set("Location", request.URL.Path+"/1")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, peer.LocalDescription().SDP)
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
