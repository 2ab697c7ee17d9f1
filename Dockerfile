# docker build -t scbaseline .  &&  docker run --rm -v "$PWD:/data" scbaseline
FROM python:3.13-slim
WORKDIR /src
RUN pip install --no-cache-dir uv
COPY requirements.txt .
RUN uv pip install --system --no-cache --torch-backend cpu -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN uv pip install --system --no-cache --no-deps .
WORKDIR /data
ENTRYPOINT ["scbaseline"]
CMD ["run"]
