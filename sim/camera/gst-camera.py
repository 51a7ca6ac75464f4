"""A camera by GStreamer's RTSP server, as another maker's: pictures (I420) come raw on stdin, the stream's address goes to stdout.

    python3 gst-camera.py WIDTH HEIGHT FRAMES_PER_S BITRATE_KBPS
"""
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

width, height, rate, kbps = (int(each) for each in sys.argv[1:5])
picture_bytes = width * height * 3 // 2
source = None


def configured(_factory, media):
    global source
    source = media.get_element().get_by_name("src")


def feed():
    while True:
        picture = sys.stdin.buffer.read(picture_bytes)
        if len(picture) < picture_bytes:
            loop.quit()
            return
        if source is not None:
            source.emit("push-buffer", Gst.Buffer.new_wrapped(picture))


Gst.init(None)
loop = GLib.MainLoop()
server = GstRtspServer.RTSPServer(address="127.0.0.1", service="0")
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    "( appsrc name=src is-live=true do-timestamp=true format=time max-buffers=2 leaky-type=downstream "
    f"caps=video/x-raw,format=I420,width={width},height={height},framerate={rate}/1 "
    f"! x264enc tune=zerolatency speed-preset=ultrafast bitrate={kbps} key-int-max={rate} bframes=0 threads=1 "
    "! video/x-h264,profile=constrained-baseline "
    "! rtph264pay name=pay0 pt=96 config-interval=0 mtu=1400 )"
)
# One encoder for all players, as a camera's.
factory.set_shared(True)
factory.connect("media-configure", configured)
server.get_mount_points().add_factory("/front", factory)
server.attach(None)
threading.Thread(target=feed, daemon=True).start()
print(f"rtsp://127.0.0.1:{server.get_bound_port()}/front", flush=True)
loop.run()
