# The canvas endpoint with the engine fashn (FASHN VTON 1.5), for one NVIDIA GPU. Build it with this folder as the context:
#   docker build -f canvas/fashn.Dockerfile -t canvas-fashn canvas
# The weights are not in it: docs/engines.md says how they come to /opt/ml/model, and what their licences are.
FROM python:3.13.9-slim-bookworm

# As in Dockerfile: SageMaker's contract, and who runs it.
ARG RUN_AS=10001
# The pipeline is not on PyPI: version 1.5.0, by its commit. If you have a copy that you looked through, hold the build to
# it: --build-arg PIPELINE=ADDRESS#sha256=HASH
ARG PIPELINE=https://github.com/fashn-AI/fashn-vton-1.5/archive/7c0f10af3f91ad4048fe9729c470a13ef905d25a.tar.gz

# CUDA comes with torch's wheels, the driver with the host: these two let NVIDIA's runtime hand it in.
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility

# The human parser's weights lie in the hub's cache beside the model; nothing is fetched while it runs.
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/opt/canvas \
    CANVAS_ENGINE=fashn \
    CANVAS_TIMEOUT=55 \
    CANVAS_FASHN_WEIGHTS=/opt/ml/model \
    HF_HOME=/opt/ml/model/huggingface \
    HF_HUB_OFFLINE=1 \
    TQDM_DISABLE=1 \
    MPLCONFIGDIR=/tmp

WORKDIR /opt/canvas
COPY requirements-fashn.txt ./
RUN pip install --no-cache-dir --only-binary=:all: -r requirements-fashn.txt \
    && pip install --no-cache-dir --no-deps --no-build-isolation fashn-human-parser==0.1.1 "${PIPELINE}"
COPY canvas/ canvas/

USER ${RUN_AS}
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=300s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/ping', timeout=2)"]
ENTRYPOINT ["python", "-m", "canvas"]
CMD ["serve"]
